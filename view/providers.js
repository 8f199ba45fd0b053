// One colour and one pattern a provider, and their legend.
import { cut, el } from "./render.js"
import { nameIn } from "./texts.js"

const SHAPES = ["workplace", "learning", "interruption", "demonstration", "approved", "estimated"]

export class Providers {
  constructor({ studyRights, hoksit, combinedUnits, workplaceLearning }, { t, lang }) {
    const units = combinedUnits?.flatMap(({ occurrences }) => occurrences ?? [])
    const found = [studyRights, hoksit, units, workplaceLearning].flatMap((each) => each ?? []).map(({ provider }) => provider)
    this.names = new Map(found.filter(Boolean).map(({ oid, name }) => [oid, cut(nameIn(lang, name)?.text) ?? oid]).sort())
    this.t = t
  }

  // A provider's colour and pattern: five of each, no pair twice among twenty-five.
  look(provider) {
    const place = Math.max(0, [...this.names.keys()].indexOf(provider?.oid))
    return `p${place % 5}.q${Math.floor(place * 1.2) % 5}`
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
