/*
 * The agreement of agreement.ts for spin: 4 members, the fourth is a liar, views 0 to MAXV-1, values A and B.
 *
 * The network and the liar are one adversary:
 * - A vote that was sent may reach a member late or never: a rule may fire as soon as enough votes were sent, and need
 *   not. Timers may end at any time after they start.
 * - The liar votes for everything, and tells each member something else: it adds one vote to every count.
 * - Every proposer is the liar: it offers each member any value, with any proof of lock that can be put together. An
 *   honest proposer, with its own or with its valid value, is a special case.
 *
 * Claim "agreement": no two different values are decided.
 * Claim "progress": in every state, if from now on all messages arrived and the liar were silent, some honest proposer
 * would find a quorum for what it must propose.
 *
 * Flags, each takes one rule out:
 *   NO_LOCK        votes against a lock
 *   SMALL_QUORUM   2 of 4
 *   OLD_PROOF      a lock yields to an older proof as well; the harm takes three views
 *   NO_PROOF       a lock never yields to a newer proof
 *   NO_REPROPOSAL  a proposer never proposes its valid value again
 *
 * Flag UNTIMED: a member may leave a step or a view at any time, and votes for nil are not counted. This allows all that
 * the model with timers allows, and more, in fewer states: three views are feasible.
 *
 * result.pml includes this file and defines otherwise which values are valid.
 */

#ifndef MAXV
#define MAXV 3
#endif
#define HONEST 3
#ifdef SMALL_QUORUM
#define QUORUM 2
#else
#define QUORUM 3
#endif

/* votes; NONE is also the value that nobody has voted for yet */
#define NONE 0
#ifdef UNTIMED
#define NIL NONE
#else
#define NIL 1
#endif
#define A 2
#define B 3

/* steps */
#define PROPOSE 0
#define PREVOTE 1
#define PRECOMMIT 2

#ifndef OWN
/* the value that a member has itself, now and once all messages have arrived; NONE is "something new" */
#define OWN(j) NONE
#define OWN_AT_LAST(j) NONE
/* what a member with that value of its own says to a proposal of w without proof, and with a proof of lock */
#define NEW_IS_VALID(own, w) 1
#define PROVEN_IS_VALID(own, w) 1
/* steps that change a member's own value */
#define OWN_STEPS
#endif

byte view[HONEST]
byte step[HONEST]
byte lock[HONEST]
/* the lock's view + 1; 0 is "not locked" */
byte lockView[HONEST]
/* what honest members sent, by view * HONEST + member */
byte prevotes[MAXV * HONEST]
byte precommits[MAXV * HONEST]

#define me _pid
#define SLOT(v, j) ((v) * HONEST + (j))
#define COUNT(votes, v, w) ((votes[SLOT(v, 0)] == w) + (votes[SLOT(v, 1)] == w) + (votes[SLOT(v, 2)] == w))
/* a member can count, or be shown, a quorum for w */
#define CAN_COUNT(votes, v, w) (COUNT(votes, v, w) + 1 >= QUORUM)
/* a quorum has voted for anything: the step's timer runs */
#define TIMED(votes, v) (HONEST - COUNT(votes, v, NONE) + 1 >= QUORUM)

/* MAXV is 2, 3 or 4 */
#if MAXV > 3
#define SOME_VIEW(IN, j, w) (IN(0, j, w) || IN(1, j, w) || IN(2, j, w) || IN(3, j, w))
#elif MAXV > 2
#define SOME_VIEW(IN, j, w) (IN(0, j, w) || IN(1, j, w) || IN(2, j, w))
#else
#define SOME_VIEW(IN, j, w) (IN(0, j, w) || IN(1, j, w))
#endif

#define DECIDED_IN(v, j, w) CAN_COUNT(precommits, v, w)
#define DECIDED(w) SOME_VIEW(DECIDED_IN, 0, w)

#ifdef NO_LOCK
#define KEEPS_LOCK(j, w) 1
#define YIELDS(j, w, proofView) 1
#else
/* rule 1 */
#define KEEPS_LOCK(j, w) (lockView[j] == 0 || lock[j] == w)
/* rule 2: a lock yields to a quorum of prevotes at least as new; proofView is a view + 1 as well */
#if defined(NO_PROOF)
#define YIELDS(j, w, proofView) KEEPS_LOCK(j, w)
#elif defined(OLD_PROOF)
#define YIELDS(j, w, proofView) 1
#else
#define YIELDS(j, w, proofView) (lockView[j] <= (proofView) || lock[j] == w)
#endif
#endif
#define PROVEN_IN(v, j, w) ((v) < view[j] && CAN_COUNT(prevotes, v, w) && YIELDS(j, w, (v) + 1))
#define MAY_PREVOTE(j, w) \
  ((NEW_IS_VALID(OWN(j), w) && KEEPS_LOCK(j, w)) || (PROVEN_IS_VALID(OWN(j), w) && SOME_VIEW(PROVEN_IN, j, w)))

hidden byte v, w, p, j, offered, offeredView, counted, countedView, accepted, possible

/* Asserts "progress". A quorum of 3 is all honest members, so a proposal is decided if all of them accept it. */
inline checkProgress() {
  counted = NONE
  countedView = 0
  for (v : 0 .. MAXV - 1) {
    for (w : A .. B) {
      if
      :: COUNT(prevotes, v, w) >= QUORUM -> counted = w; countedView = v + 1
      :: else
      fi
    }
  }
  possible = DECIDED(A) || DECIDED(B)
  for (p : 0 .. HONEST - 1) {
    /* rule 7: the valid value is what the proposer locked, or newer what everybody can count */
    offered = (countedView > lockView[p] -> counted : lock[p])
    offeredView = (countedView > lockView[p] -> countedView : lockView[p])
#ifdef NO_REPROPOSAL
    offeredView = 0
#endif
    if
    :: offeredView == 0 -> offered = OWN_AT_LAST(p)
    :: else
    fi
    accepted = 0
    for (j : 0 .. HONEST - 1) {
      if
      :: offeredView == 0 && KEEPS_LOCK(j, offered) && NEW_IS_VALID(OWN_AT_LAST(j), offered) -> accepted++
      :: offeredView > 0 && YIELDS(j, offered, offeredView) && PROVEN_IS_VALID(OWN_AT_LAST(j), offered) -> accepted++
      :: else
      fi
    }
    possible = possible || accepted == HONEST
  }
  assert(possible)
}

inline prevote(value) {
  prevotes[SLOT(view[me], me)] = value
  step[me] = PREVOTE
}

inline precommit(value) {
  precommits[SLOT(view[me], me)] = value
  step[me] = PRECOMMIT
}

/* rule 3; rule 5 is the assertion "agreement" */
inline lockAndPrecommit(value) {
  lock[me] = value
  lockView[me] = view[me] + 1
  precommit(value)
  assert(!(DECIDED(A) && DECIDED(B)))
  checkProgress()
}

inline enter(next) {
  view[me] = next
  step[me] = PROPOSE
}

/* rule 6: f + 1 members, the liar and one more, have voted in a later view */
#define REACHED(next) (view[me] < (next) && COUNT(prevotes, next, NONE) < HONEST)

active [HONEST] proctype member() {
end:
  do
  :: d_step { step[me] == PROPOSE && MAY_PREVOTE(me, A) -> prevote(A); checkProgress() }
  :: d_step { step[me] == PROPOSE && MAY_PREVOTE(me, B) -> prevote(B); checkProgress() }
  :: d_step { step[me] == PROPOSE -> prevote(NIL) }
  :: d_step { step[me] == PREVOTE && CAN_COUNT(prevotes, view[me], A) -> lockAndPrecommit(A) }
  :: d_step { step[me] == PREVOTE && CAN_COUNT(prevotes, view[me], B) -> lockAndPrecommit(B) }
#ifdef UNTIMED
  :: d_step { view[me] + 1 < MAXV -> enter(view[me] + 1) }
#else
  :: d_step { step[me] == PREVOTE && TIMED(prevotes, view[me]) -> precommit(NIL) }
  :: d_step { view[me] + 1 < MAXV && TIMED(precommits, view[me]) -> enter(view[me] + 1) }
  :: d_step { REACHED(1) -> enter(1) }
#if MAXV > 2
  :: d_step { REACHED(2) -> enter(2) }
#endif
#if MAXV > 3
  :: d_step { REACHED(3) -> enter(3) }
#endif
#endif
  OWN_STEPS
  od
}
