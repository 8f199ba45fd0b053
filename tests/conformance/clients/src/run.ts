// Asks the gateway with two clients, by types that were generated from its schema, and prints what each was answered.
import { text } from 'node:stream/consumers';
import { Client, fetchExchange } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import { graphql } from './graph/gql.js';
import type { GuidancePhase, PlansQuery } from './graph/graphql.js';

const PLANS = graphql(`
  query Plans($oid: LearnerOid!) {
    student(oid: $oid) {
      oid
      name
      hoksit {
        studyRightOid
        firstApprovedOn
        provider { oid name { fi } }
        guidancePhase { phase }
        plannedVocationalUnits { unit { uri } acquisitions { mode startDate } }
      }
    }
  }
`);

/** One line per plan; what the caller may not see has to be thought of, or this does not compile. */
export function lines(answer: PlansQuery): string[] {
  // @ts-expect-error A student may not be the caller's.
  void answer.student.name;
  // @ts-expect-error A student's plans may be withheld.
  void answer.student?.hoksit.length;
  // @ts-expect-error Nobody asked for it.
  void answer.student?.timeline;
  // @ts-expect-error There is no such phase.
  const unknown: GuidancePhase = 'UNHEARD_OF';
  void unknown;
  return (answer.student?.hoksit ?? []).map((plan) => {
    const units = plan.plannedVocationalUnits?.map((each) => each.unit?.uri ?? '?') ?? [];
    return `${plan.studyRightOid} ${plan.firstApprovedOn ?? '?'} ${plan.provider?.oid ?? '?'} ${units.join(',')}`;
  });
}

const { url, headers, oid } = JSON.parse(await text(process.stdin)) as {
  url: string;
  headers: Record<string, string>;
  oid: string;
};

const byRequest = await new GraphQLClient(url, { headers }).request(PLANS, { oid });
const urql = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false, fetchOptions: { headers } });
const byUrql = await urql.query(PLANS, { oid }).toPromise();
if (byUrql.error !== undefined || byUrql.data === undefined) throw byUrql.error ?? new Error('no data');

console.log(
  JSON.stringify({
    'graphql-request': { data: byRequest, lines: lines(byRequest) },
    urql: { data: byUrql.data, lines: lines(byUrql.data) },
  }),
);
