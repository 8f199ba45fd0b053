// One colour and one pattern a provider, and their legend.
import { cut, el } from "./render.js"
import { nameIn } from "./texts.js"

const PATTERNS = 5
const SHAPES = ["workplace", "learning", "interruption", "demonstration", "approved", "estimated"]

export class Providers {
  constructor({ studyRights, hoksit, combinedUnits, workplaceLearning }, { t, lang }) {
    const units = combinedUnits?.flatMap(({ occurrences }) => occurrences ?? [])
    const found = [studyRights, hoksit, units, workplaceLearning].flatMap((each) => each ?? []).map(({ provider }) => provider)
    this.names = new Map(found.filter(Boolean).map(({ oid, name }) => [oid, cut(nameIn(lang, name)?.text) ?? oid]).sort())
    this.t = t
  }

  // The class of a provider's colour and pattern.
  look(provider) {
    return `p${Math.max(0, [...this.names.keys()].indexOf(provider?.oid)) % PATTERNS}`
  }

  chip(provider) {
    const swatch = el(`span.swatch.${this.look(provider)}`, { "aria-hidden": "true" })
    return el("span.provider", {}, swatch, el("bdi", {}, this.names.get(provider?.oid) ?? this.t("unknownProvider")))
  }

  legend() {
    return el(
      "ul.legend",
      { "aria-label": this.t("legend") },
      [...this.names.keys()].map((oid) => el("li", {}, this.chip({ oid }))),
      SHAPES.map((each) => el("li", {}, el(`span.key.${each}`, { "aria-hidden": "true" }), this.t(each))),
    )
  }
}
