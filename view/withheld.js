// What is not shown to this role, and why: marked at its place, and all together.
import { el } from "./render.js"

export class Withheld {
  constructor(rows = [], t) {
    this.rows = rows
    this.t = t
  }

  mark(coordinate) {
    const row = this.rows.find((each) => each.coordinate === coordinate)
    return row && el("details.mark", {}, el("summary", {}, this.t("mark")), el("p", {}, this.#ground(row)))
  }

  // What there is to tell, else the mark of its coordinate.
  or(told, coordinate) {
    return (Array.isArray(told) ? told.length : told) ? told : this.mark(coordinate)
  }

  summary() {
    const grounds = new Map(this.rows.filter(({ item }) => item).map((row) => [row.item + row.reason, row]))
    if (!grounds.size) return null
    return el(
      "details.hidden",
      {},
      el("summary", {}, el("h3", {}, `${this.t("hidden")} (${grounds.size})`)),
      el("p", {}, this.t("hiddenTold")),
      el("ul", {}, [...grounds.values()].map((row) => el("li", {}, this.#ground(row)))),
    )
  }

  #ground({ item, reason, rules }) {
    return [el("b", {}, this.t(item)), ". ", this.t(reason), rules.length > 0 && ` (${rules.join(", ")})`]
  }
}
