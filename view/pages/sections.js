// Further sections of <hoks-plan>, for a page that has room: units side by side, what plans say together, findings,
// and how each source answered.
import { span } from "../dates.js"
import { HoksPlan } from "../hoks-plan.js"
import { unitName } from "../parts.js"
import { el, free, list } from "../render.js"
import { nameIn } from "../texts.js"
import { moment } from "./moments.js"
import { wordsOfPages } from "./texts.js"
import { units } from "./units.js"

export const hints = ({ hints: all }, context) =>
  section("hints", context.t, all, ({ kind, evidence, workingTimePercent, startDate, endDate }) => {
    const [first] = evidence ?? []
    const about = first?.unit || first?.unitName ? free(unitName(first, context).text) : span(startDate, endDate, context.lang)
    return [
      el("b", {}, context.t(kind)),
      ": ",
      about,
      workingTimePercent ? ` ${workingTimePercent} %` : null,
      el("span.with", {}, (evidence ?? []).map(({ provider }) => context.providers.chip(provider))),
    ]
  })

export const findings = ({ findings: all }, { t, lang }) =>
  section("findings", t, all, ({ severity, message, code, place }) => [
    el("b", {}, t(severity)),
    ": ",
    free(nameIn(lang, message)?.text ?? code),
    el("small", {}, free(place)),
  ])

export const sources = ({ sources: all }, { t, lang }) =>
  section("sources", t, all, ({ source, outcome, stale, asOf }) => [
    el("b", {}, free(source)),
    ": ",
    outcome && t(outcome),
    stale && ` · ${t("STALE")}`,
    el("small", {}, asOf && t("asOf", moment(asOf, lang))),
  ])

const section = (name, t, all, told) =>
  all?.length > 0 && el(`section.${name}`, {}, el("h3", {}, t(name)), list(all.map(told)))

const SHEET = new CSSStyleSheet()
SHEET.replaceSync(`
.units > ul > li { display: grid; grid-template-columns: minmax(10rem, 20rem) 1fr; gap: .3rem 1.25rem; padding-block: .6rem; border-block-start: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 4rem }
.units .what { display: flex; flex-direction: column; align-items: start; gap: .2rem }
.where { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline }
.where > * { flex: 0 0 11rem } .where > :first-child { flex: 1 0 min(16rem, 100%) } .where > small { flex-basis: 13rem }
.stage { display: inline-flex; gap: .4rem; font-size: .9rem }
.stage.DEMONSTRATED, .stage.RECOGNISED { font-weight: 650 }
.stage.ACQUIRED_ELSEWHERE { background: var(--text); color: var(--back); border-radius: 1rem; padding: .05rem .7rem }
.hints li, .findings li, .sources li { padding-block: .4rem; border-block-start: 1px solid var(--line) }
.hints ul, .findings ul, .sources ul { margin-block-start: .5rem }
.with { display: flex; flex-wrap: wrap; gap: 0 1.25rem; font-size: .9rem }
.findings small, .sources small { display: block }
@container (width < 44rem) { .units > ul > li { grid-template-columns: 1fr } .where { padding-inline-start: 1rem } .where > * { flex-basis: auto } }
@media print {
  .units > ul > li { content-visibility: visible }
  li, .plans article { break-inside: avoid }
  .chart { display: table; table-layout: fixed; width: 100%; border-spacing: 0; --names: 15rem }
  .scale { display: table-header-group; break-inside: avoid }
  .scale .track { margin-left: 16.25rem; background: var(--back) }
  .inside > p { break-after: avoid }
}
`)

HoksPlan.sections.push(units, hints, findings, sources)
HoksPlan.sheets = [...HoksPlan.sheets, SHEET]
HoksPlan.texts = wordsOfPages
