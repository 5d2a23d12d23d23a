/** Routes that change something. Who may call them is decided before: see access.ts. @module */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv } from '../access.ts'
import { DONE_SCHEMA, LOG_LEVEL_SCHEMA } from '../api/actions.ts'
import { INVITATION_SCHEMA, NEW_INVITATION_REQUEST } from '../api/contacts.ts'
import { CHANGE_FIELD, INVITATION_FIELD, PEER_FIELD, STUDY_FIELD } from '../api/fields.ts'
import { APPROVE_STUDY_REQUEST } from '../api/studies.ts'
import type { NodeActions } from '../api/view.ts'
import { ACTING, body, FAILS, ok } from './answers.ts'

const DONE = { 200: ok(DONE_SCHEMA, 'what was done'), ...FAILS }
const ACT = { method: 'post', security: ACTING, responses: DONE } as const
const CONTACT = { params: z.object({ peer: PEER_FIELD }) }
const STUDY = { params: z.object({ id: STUDY_FIELD }) }
const CHANGE = { params: z.object({ id: STUDY_FIELD, change: CHANGE_FIELD }) }

const APPROVE_CONTACT = createRoute({ ...ACT, path: '/v1/contacts/{peer}/approve', request: CONTACT })
const REFUSE_CONTACT = createRoute({ ...ACT, path: '/v1/contacts/{peer}/refuse', request: CONTACT })
const CREATE_INVITATION = createRoute({
  method: 'post',
  path: '/v1/invitations',
  security: ACTING,
  request: { body: body(NEW_INVITATION_REQUEST) },
  responses: { 201: ok(INVITATION_SCHEMA, 'the invitation, this once'), ...FAILS },
})
const WITHDRAW_INVITATION = createRoute({
  ...ACT,
  method: 'delete',
  path: '/v1/invitations/{invitation}',
  request: { params: z.object({ invitation: INVITATION_FIELD }) },
})
const APPROVE_STUDY = createRoute({
  ...ACT,
  path: '/v1/studies/{id}/approve',
  request: { ...STUDY, body: body(APPROVE_STUDY_REQUEST) },
})
const REFUSE_STUDY = createRoute({ ...ACT, path: '/v1/studies/{id}/refuse', request: STUDY })
const LEAVE_STUDY = createRoute({ ...ACT, path: '/v1/studies/{id}/leave', request: STUDY })
const APPROVE_CHANGE = createRoute({
  ...ACT,
  path: '/v1/studies/{id}/roster/changes/{change}/approve',
  request: CHANGE,
})
const REFUSE_CHANGE = createRoute({
  ...ACT,
  path: '/v1/studies/{id}/roster/changes/{change}/refuse',
  request: CHANGE,
})
const SET_LOG_LEVEL = createRoute({
  method: 'post',
  path: '/v1/log-level',
  security: ACTING,
  request: { body: body(LOG_LEVEL_SCHEMA) },
  responses: { 200: ok(LOG_LEVEL_SCHEMA, 'the level from now on, until the next start'), ...FAILS },
})

export function addActing(app: OpenAPIHono<AppEnv>, node: NodeActions): void {
  app.openapi(APPROVE_CONTACT, async c => c.json(await node.approveContact(c.req.valid('param').peer), 200))
  app.openapi(REFUSE_CONTACT, async c => c.json(await node.refuseContact(c.req.valid('param').peer), 200))
  app.openapi(CREATE_INVITATION, async c => c.json(await node.createInvitation(c.req.valid('json')), 201))
  app.openapi(WITHDRAW_INVITATION, async c =>
    c.json(await node.withdrawInvitation(c.req.valid('param').invitation), 200),
  )
  app.openapi(APPROVE_STUDY, async c =>
    c.json(await node.approveStudy(c.req.valid('param').id, c.req.valid('json').dataset), 200),
  )
  app.openapi(REFUSE_STUDY, async c => c.json(await node.refuseStudy(c.req.valid('param').id), 200))
  app.openapi(LEAVE_STUDY, async c => c.json(await node.leaveStudy(c.req.valid('param').id), 200))
  app.openapi(APPROVE_CHANGE, async c => {
    const { id, change } = c.req.valid('param')
    return c.json(await node.approveChange(id, change), 200)
  })
  app.openapi(REFUSE_CHANGE, async c => {
    const { id, change } = c.req.valid('param')
    return c.json(await node.refuseChange(id, change), 200)
  })
  app.openapi(SET_LOG_LEVEL, c => {
    const { level } = c.req.valid('json')
    node.setLogLevel(level)
    return c.json({ level }, 200)
  })
}
