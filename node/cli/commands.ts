/**
 * All commands: name, description, and the file that adds the options and runs it. A file loads only when its command
 * is called, so that `--help` and `status` do not wait for the rest.
 *
 * @module
 */

import type { CommandEntry } from './command-entry.ts'

const STUDY_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'plan',
    description: 'the noise and the three epsilons over rounds and sample rates, before anything is spent',
    load: async () => (await import('./study/plan.ts')).addStudyPlan,
  },
  {
    name: 'new',
    description: 'write a study: solve its noise for the wanted epsilon and sign it',
    load: async () => (await import('./study/new.ts')).addStudyNew,
  },
  {
    name: 'show',
    description: 'verify a study file and show what it says',
    load: async () => (await import('./study/show.ts')).addStudyShow,
  },
  {
    name: 'approve',
    description: 'verify a study file and agree to take part in it',
    load: async () => (await import('./study/approve.ts')).addStudyApprove,
  },
  {
    name: 'leave',
    description: 'take no further part in a study',
    load: async () => (await import('./study/leave.ts')).addStudyLeave,
  },
  {
    name: 'resume',
    description: 'let a study go on that has gone back to its best model too often',
    load: async () => (await import('./study/resume.ts')).addStudyResume,
  },
  {
    name: 'table',
    description: 'counts, means and quartiles that a study without a model has added up',
    load: async () => (await import('./study/table.ts')).addStudyTable,
  },
  {
    name: 'list',
    description: 'proposed, approved and finished studies, and who has approved them',
    load: async () => (await import('./study/list.ts')).addStudyList,
  },
  {
    name: 'propose',
    description: 'send a study to those of its hospitals that are contacts',
    load: async () => (await import('./study/propose.ts')).addStudyPropose,
  },
  {
    name: 'refuse',
    description: 'refuse a proposed study, and tell the others',
    load: async () => (await import('./study/refuse.ts')).addStudyRefuse,
  },
]

const DATA_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'check',
    description: 'say of each file whether it can be read and fits a study; nothing leaves this machine',
    load: async () => (await import('./data/check.ts')).addDataCheck,
  },
  {
    name: 'add',
    description: 'read files once into a data set with a name',
    load: async () => (await import('./data/add.ts')).addDataAdd,
  },
  {
    name: 'pull',
    description: 'read images from a PACS, by DICOMweb, into a data set with a name',
    load: async () => (await import('./data/pull.ts')).addDataPull,
  },
  {
    name: 'list',
    description: 'the data sets of this node',
    load: async () => (await import('./data/list.ts')).addDataList,
  },
  {
    name: 'remove',
    description: 'forget a data set and delete what was kept of it',
    load: async () => (await import('./data/remove.ts')).addDataRemove,
  },
  {
    name: 'withdraw',
    description: 'take patients out, from the next round on and for good',
    load: async () => (await import('./data/withdraw.ts')).addDataWithdraw,
  },
]

/** In the order that a hospital needs them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    description: 'create a data folder: config.toml and a new identity',
    load: async () => (await import('./init.ts')).addInit,
  },
  { name: 'id', description: "print the node's peer id", load: async () => (await import('./id.ts')).addId },
  {
    name: 'invite',
    description: 'print an invitation for another hospital',
    load: async () => (await import('./contacts/invite.ts')).addInvite,
  },
  {
    name: 'join',
    description: "use another hospital's invitation; makes the data folder if there is none",
    load: async () => (await import('./contacts/join.ts')).addJoin,
  },
  {
    name: 'contacts',
    description: 'hospitals that this one knows, and those that wait for approval',
    load: async () => (await import('./contacts/contacts.ts')).addContacts,
  },
  { name: 'data', description: "this hospital's own records", children: DATA_COMMANDS },
  { name: 'study', description: 'write, show and approve studies', children: STUDY_COMMANDS },
  {
    name: 'start',
    description: 'take part in the approved study until stopped',
    load: async () => (await import('./start.ts')).addStart,
  },
  {
    name: 'status',
    description: 'show what the running node is doing',
    load: async () => (await import('./status.ts')).addStatus,
  },
  {
    name: 'dashboard',
    description: "a link that opens the running node's page, logged in",
    load: async () => (await import('./dashboard.ts')).addDashboard,
  },
  {
    name: 'stop',
    description: 'end the running node in order, and wait until it has ended',
    load: async () => (await import('./operate/stop.ts')).addStop,
  },
  {
    name: 'peers',
    description: 'the other hospitals, as the running node sees them',
    load: async () => (await import('./operate/peers.ts')).addPeers,
  },
  {
    name: 'rounds',
    description: 'the finished rounds of the running node',
    load: async () => (await import('./operate/rounds.ts')).addRounds,
  },
  {
    name: 'logs',
    description: "the node's log file",
    load: async () => (await import('./operate/logs.ts')).addLogs,
  },
  {
    name: 'doctor',
    description: 'check this machine and its node; every failure with its remedy',
    load: async () => (await import('./operate/doctor.ts')).addDoctor,
  },
  {
    name: 'config',
    description: 'check, show and describe config.toml',
    load: async () => (await import('./operate/config.ts')).addConfig,
  },
  {
    name: 'backup',
    description: 'write what a hospital must not lose into one file',
    load: async () => (await import('./operate/backup.ts')).addBackup,
  },
  {
    name: 'restore',
    description: 'make a data folder from a backup',
    load: async () => (await import('./operate/restore.ts')).addRestore,
  },
  {
    name: 'repair',
    description: 'put a damaged database aside and begin a new one, with the votes in it',
    load: async () => (await import('./operate/repair.ts')).addRepair,
  },
  {
    name: 'completion',
    description: 'print what makes a shell complete these commands',
    load: async () => (await import('./operate/completion.ts')).addCompletion(() => COMMANDS),
  },
  {
    name: 'evaluate',
    description: 'measure the newest checkpoint (its moving average) on local records',
    load: async () => (await import('./evaluate.ts')).addEvaluate,
  },
  {
    name: 'predict',
    description: 'what the newest model says of files that nobody has labelled; a research tool, not a medical device',
    load: async () => (await import('./predict.ts')).addPredict,
  },
  {
    name: 'pass',
    description: 'let somebody outside of a study ask its hospitals for predictions, without showing them the record',
    load: async () => (await import('./pass/pass.ts')).addPass,
  },
  {
    name: 'audit',
    description: "attack a study and write down what its promise of privacy is worth; some minutes' work",
    load: async () => (await import('./audit.ts')).addAudit,
  },
  {
    name: 'export',
    description: "a study's model as files for other programs, with its card and what proves it",
    load: async () => (await import('./model/export.ts')).addExport,
  },
  {
    name: 'dossier',
    description: 'write a folder about a study for a data protection officer, every figure traced to its source',
    load: async () => (await import('./model/dossier.ts')).addDossier,
  },
  {
    name: 'verify',
    description: 'check an exported model: offline, on any machine, without records',
    load: async () => (await import('./model/verify.ts')).addVerify,
  },
  {
    name: 'evidence',
    description: 'proofs that a hospital has lied',
    load: async () => (await import('./evidence.ts')).addEvidence,
  },
  {
    name: 'roster',
    description: 'who takes part, and changes of that',
    load: async () => (await import('./roster.ts')).addRoster,
  },
  {
    name: 'privacy',
    description: 'what a record or patient costs, and what was spent',
    load: async () => (await import('./privacy.ts')).addPrivacy,
  },
]
