// Each plan in short.
import { inWords } from "./dates.js"
import { cut, el, facts, free } from "./render.js"
import { nameIn } from "./texts.js"

export const plans = ({ hoksit, studyRights }, { t, lang, providers, withheld }) =>
  el("div.plans", {}, (hoksit ?? []).map((plan) => {
    const studied = (studyRights ?? []).find(({ oid }) => oid === plan.studyRightOid)?.qualifications?.[0]?.code
    const name = studied && nameIn(lang, studied.name, studied.uri)
    const goal = plan.careerPlanGoal && nameIn(lang, plan.careerPlanGoal.name, plan.careerPlanGoal.uri)?.text
    const phase = plan.guidancePhase?.phaseName
    return el(
      `article.${providers.look(plan.provider)}`,
      {},
      el("h3", {}, providers.chip(plan.provider)),
      name && el("p", { lang: name.lang }, cut(name.text)),
      facts([
        [t("progress"), progress(plan.progress, t)],
        [t("approved"), withheld.or(inWords(plan.firstApprovedOn, lang), "Hoks.firstApprovedOn") ?? t("notApproved")],
        [t("phase"), cut(nameIn(lang, phase)?.text)],
        [t("D13"), withheld.or(free(goal), "Hoks.careerPlanGoal")],
        [t("Cs"), withheld.or(free([plan.studentEmail, plan.studentPhone].filter(Boolean).join(", ")), "Hoks.studentEmail")],
        [t("D9"), withheld.mark("Hoks.learningSupport")],
      ]),
    )
  }))

function progress(told, t) {
  if (told?.planned == null || told.demonstrated == null) return null
  const text = t("progressTold", told.demonstrated, told.planned) + (told.isOfWholePlan ? "" : ` (${t("partOnly")})`)
  return [el("meter", { max: Math.max(1, told.planned), value: told.demonstrated, "aria-label": t("progress") }), text]
}
