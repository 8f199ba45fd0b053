// The other subgraph: who has borrowed what. It knows students and rights by their keys, and nothing else of them.
import { createServer } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';

export const LOANS = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])
scalar LearnerOid
scalar StudyRightOid
type Query { loans: [Loan!]! }
type Loan { item: String! student: Student right: StudyRight plan: Hoks }
type Student @key(fields: "oid") { oid: LearnerOid! borrowed: [String!]! }
type StudyRight @key(fields: "oid") { oid: StudyRightOid! fee: Int! }
type Hoks @key(fields: "studyRightOid") { studyRightOid: StudyRightOid! reviewed: Boolean! }
`;

/** Serves the loans on a free port of this machine. */
export async function served(loans) {
  const schema = buildSubgraphSchema({
    typeDefs: parse(LOANS),
    resolvers: {
      Query: { loans: () => loans },
      Loan: {
        student: (loan) => loan.student && { oid: loan.student },
        right: (loan) => loan.right && { oid: loan.right },
        plan: (loan) => loan.right && { studyRightOid: loan.right },
      },
      Student: { borrowed: ({ oid }) => loans.filter((loan) => loan.student === oid).map((loan) => loan.item) },
      StudyRight: { fee: ({ oid }) => loans.filter((loan) => loan.right === oid).length },
      Hoks: { reviewed: ({ studyRightOid }) => loans.some((loan) => loan.right === studyRightOid) },
    },
  });
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = await graphql({ schema, source: query, variableValues: variables, operationName });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
