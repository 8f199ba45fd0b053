// A period of learning and a demonstration in words.
import { span } from "./dates.js"
import { cut, el, facts, free, list } from "./render.js"
import { nameIn } from "./texts.js"

const AT_WORKPLACES = ["TRAINING_AGREEMENT", "APPRENTICESHIP"]
export const isAtWorkplace = ({ mode, workplaceLearning }) => AT_WORKPLACES.includes(mode) || Boolean(workplaceLearning?.workplaceName)

export function unitName({ unit, name, unitName, registeredName }, { t, lang }) {
  const told = unit?.name ? nameIn(lang, unit.name) : nameIn(lang, registeredName)
  return told ?? { text: name || unitName || nameIn(lang, null, unit?.uri)?.text || t("noName") }
}

export const named = ({ text, lang }) => el("bdi", { lang }, cut(text))

const texts = (some) => list((some ?? []).map(free))
const together = (some) => free(some.filter(Boolean).join(", "))

function people(some, lang) {
  const organisation = (told) => (typeof told === "string" ? told : nameIn(lang, told)?.text)
  return list(some.map((each) => together([each.name, each.role, organisation(each.organisationName)])))
}

const part = (title, { startDate, endDate }, { t, lang }, pairs) =>
  el("div.part", {}, el("p", {}, `${t(title)} · ${span(startDate, endDate, lang) || t("noDays")}`), facts(pairs))

export function period(told, context) {
  const { t, lang, withheld } = context
  const { workplaceLearning: place, providerRepresentative: school } = told
  const { name, email, phone } = place?.responsibleWorkplaceInstructor ?? {}
  const common = [
    [t("interruption"), list((told.interruptions ?? []).map((each) => span(each.startDate, each.endDate, lang)))],
    ["", free(told.periodDetail)],
  ]
  if (!isAtWorkplace(told)) return part("learning", told, context, common)
  return part("workplace", told, context, [
    [t("workplace"), withheld.or(free(place?.workplaceName), "WorkplaceLearning.workplaceName")],
    [t("W3"), withheld.or(texts(place?.keyTasks), "WorkplaceLearning.keyTasks")],
    [t("instructor"), withheld.or(together([name, email, phone]), "WorkplaceInstructor.email")],
    [t("school"), withheld.or(school && people([school], lang), "CompetenceAcquisition.providerRepresentative")],
    ...common,
    ["", told.workingTimePercent != null && t("workingTime", told.workingTimePercent)],
  ])
}

export function demonstration(told, context) {
  const { t, lang, withheld } = context
  const pair = (title, shown, field) => [t(title), withheld.or(shown, `CompetenceDemonstration.${field}`)]
  return part("demonstration", told, context, [
    pair("environment", texts([told.environment?.name, told.environment?.description].filter(Boolean)), "environment"),
    pair("contents", texts(told.contentDescriptions), "contentDescriptions"),
    pair("D12", people([...(told.providerAssessors ?? []), ...(told.workingLifeAssessors ?? [])], lang), "providerAssessors"),
    pair("D6d", free(told.deviationFromRequirements), "deviationFromRequirements"),
    pair("D11b", texts(told.individualAssessmentCriteria), "individualAssessmentCriteria"),
  ])
}
