/*
 * The agreement on a round's RESULT: agreement.pml where members find different values valid, and change their minds.
 *
 * A is RESULT, the same for everybody who has computed it. B is VOID, with one list of members. A member has no value of
 * its own at first; then it computes RESULT, or its void timer ends; and it computes RESULT after all when what was
 * missing arrives. Once all messages have arrived, everybody has RESULT if one honest member has it (who has it serves
 * it), else everybody's void timer has ended.
 *
 * Rule: a value that is proposed again with a proof of lock is valid for everybody, because of the proof. The flag
 * OWN_JUDGEMENT takes it out: each member judges that value by its own. A member locked on VOID and others that have
 * RESULT by then stand still for ever.
 */

#define NONE 0
#define A 2
#define B 3

byte own[3]

#define OWN(j) own[j]
#define OWN_AT_LAST(j) ((own[0] == A || own[1] == A || own[2] == A) -> A : B)
#define NEW_IS_VALID(own, w) ((own) == (w))
#ifdef OWN_JUDGEMENT
#define PROVEN_IS_VALID(own, w) ((own) == (w))
#else
#define PROVEN_IS_VALID(own, w) 1
#endif
#define OWN_STEPS \
  :: d_step { own[me] != A -> own[me] = A; checkProgress() } \
  :: d_step { own[me] == NONE -> own[me] = B; checkProgress() }

#include "agreement.pml"
