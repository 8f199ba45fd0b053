// <hoks-plan>: the merged plan of one student, by the property `student` or the only one whom the token shows.
import { axis } from "./axis.js"
import { HoksElement } from "./element.js"
import { OPERATIONS } from "./operations.js"
import { plans } from "./plans.js"
import { Providers } from "./providers.js"
import { cut, el } from "./render.js"

export class HoksPlan extends HoksElement {
  static sections = [plans, axis]
  #student

  set student(oid) {
    if (oid !== this.#student) this.clear()
    this.#student = oid
    this.refresh()
  }

  question() {
    return this.#student ? [OPERATIONS.Plan, { oid: this.#student }] : [OPERATIONS.OwnPlan]
  }

  studentOf({ student, students }) {
    return student ?? students?.edges[0]?.node ?? null
  }

  drawn(student, context) {
    const { t, withheld, again } = context
    const all = { ...context, providers: new Providers(student, context) }
    const name = el("h2", {}, el("bdi", {}, cut(student.name) ?? t("noName")))
    return [
      el("header", {}, name, el("button", { onclick: again }, t("refresh"))),
      HoksPlan.sections.map((section) => section(student, all)),
      withheld.summary(),
    ]
  }
}

customElements.define("hoks-plan", HoksPlan)
