// A trainee at the workplace: periods with tasks, dates and who answers for them at the school; demonstrations; no more.
import { demonstration, named, period, unitName } from "./parts.js"
import { cut, el } from "./render.js"

export function trainee({ name, workplaceLearning, combinedUnits }, context) {
  const { t, providers } = context
  const periods = (workplaceLearning ?? []).map(({ acquisition, provider, ...unit }) =>
    part(unit, provider, period({ mode: "TRAINING_AGREEMENT", ...acquisition }, context), context))
  const demonstrations = (combinedUnits ?? []).flatMap(({ occurrences, ...unit }) =>
    (occurrences ?? []).flatMap((each) =>
      (each.demonstrations ?? []).map((told) => part(unit, each.provider, demonstration(told, context), context))))
  return el("article.trainee", {}, el("h2", {}, el("bdi", {}, cut(name) ?? t("noName"))), periods, demonstrations)

  function part(unit, provider, told) {
    const shown = unitName(unit, context)
    return el(`section.${providers.look(provider)}`, {}, el("h3", {}, named(shown)), provider && providers.chip(provider), told)
  }
}
