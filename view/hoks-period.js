// <hoks-period>: the one period or demonstration that an embed token shows to its instructor or assessor.
import { HoksElement } from "./element.js"
import { OPERATIONS } from "./operations.js"
import { Providers } from "./providers.js"
import { trainee } from "./trainee.js"

export class HoksPeriod extends HoksElement {
  question() {
    return [OPERATIONS.Period]
  }

  studentOf({ students }) {
    return students.edges[0]?.node ?? null
  }

  drawn(student, context) {
    return [trainee(student, { ...context, providers: new Providers(student, context) }), context.withheld.summary()]
  }
}

customElements.define("hoks-period", HoksPeriod)
