// A teacher's students by group: the state of each plan, and what is already acquired elsewhere.
import { inWords } from "../dates.js"
import { notice } from "../notices.js"
import { unitName } from "../parts.js"
import { cut, el, facts, free } from "../render.js"
import { nameIn } from "../texts.js"

export async function students(box, context) {
  const { t, viewer, asked, loader } = context
  const asking = async () => {
    const [everyone, ...groups] = await Promise.all([everybody(asked), ...viewer.groups.map((id) => group(id, asked))])
    const gaps = [everyone, ...groups].flatMap((each) => each.gaps)
    const isPartial = [everyone, ...groups].some((each) => each.isPartial)
    return { ...everyone, groups, isPartial, gaps: [...new Map(gaps.map((gap) => [gap.source + gap.outcome, gap])).values()] }
  }
  const load = loader(box, asking, ({ all, more, groups, gaps, isPartial }) => {
    const left = new Set(all)
    const sections = groups.map(({ id, members, notRead }) => {
      const found = members.map((member) => [only(all, member.name), member]).filter(([student]) => student)
      found.forEach(([student]) => left.delete(student))
      return section(t("group", id), found, notRead, context)
    })
    const rest = [...left].map((student) => [student])
    return [
      el("h2", {}, t("studentsPage")),
      all.length === 0 && !(isPartial || gaps.length) && notice("empty", t, { body: t("noStudents") }),
      sections,
      rest.length > 0 && section(groups.length ? t("noGroup") : "", rest, 0, context),
      more && el("p", {}, t("notAll")),
    ]
  })
  await load()
}

const MOST_PAGES = 10

async function everybody(asked) {
  const told = { all: [], gaps: [], isPartial: false }
  let after = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data, gaps, isPartial } = await asked("Students", { after })
    told.all.push(...data.students.edges.map(({ node }) => node).filter(Boolean))
    told.gaps.push(...gaps)
    told.isPartial ||= isPartial
    after = data.students.pageInfo.endCursor
    if (!data.students.pageInfo.hasNextPage) return told
  }
  return { ...told, more: true }
}

async function group(id, asked) {
  const { data, gaps, isPartial } = await asked("Group", { id })
  return { id, gaps, isPartial, members: data.guidanceGroup?.students ?? [], notRead: data.guidanceGroup?.notRead ?? 0 }
}

// The one student of a name: a group names no OIDs, and of two with one name it is not known which.
function only(all, name) {
  const found = all.filter((each) => each.name === name)
  return found.length === 1 ? found[0] : null
}

const section = (title, some, notRead, context) =>
  el(
    "section",
    {},
    title && el("h2", {}, el("bdi", {}, title)),
    notRead > 0 && el("p", {}, context.t("notRead", notRead)),
    el("div.cards", {}, some.map(([student, member]) => card(student, member, context))),
  )

function card(student, member, { t, lang, open }) {
  const plans = student.hoksit ?? []
  const elsewhere = (student.hints ?? []).filter(({ kind }) => kind === "ACQUIRED_ELSEWHERE")
  const phases = plans.map(({ guidancePhase }) => guidancePhase?.phaseName && cut(nameIn(lang, guidancePhase.phaseName)?.text)).filter(Boolean)
  const told = plans.map(({ provider, progress, firstApprovedOn }) => [
    el("bdi", {}, cut(nameIn(lang, provider?.name)?.text) ?? ""),
    ": ",
    progress?.planned != null && progress.demonstrated != null ? t("progressTold", progress.demonstrated, progress.planned) : "",
    firstApprovedOn ? ` · ${t("approved")} ${inWords(firstApprovedOn, lang)}` : ` · ${t("notApproved")}`,
  ])
  return el(
    "article.card",
    {},
    el("h3", {}, el("bdi", {}, cut(student.name) ?? t("noName"))),
    facts([
      [t("stateOfPlan"), member?.state && t(member.state)],
      [t("SR"), [...new Set((student.studyRights ?? []).map(({ state }) => state && t(state)))].filter(Boolean).join(", ")],
      [t("phase"), [...new Set(phases)].join(", ")],
      [t("progress"), told.length > 0 && el("ul", {}, told.map((each) => el("li", {}, each)))],
      [t("elsewhere"), elsewhere.length ? el("ul.elsewhere", {}, elsewhere.map((each) => el("li", {}, acquired(each, { t, lang })))) : t("nothingElsewhere")],
    ]),
    el("button", { type: "button", onclick: () => open(student.oid) }, t("open"), el("span.of", {}, ` – ${cut(student.name) ?? ""}`)),
  )
}

// What was acquired, and at which provider.
function acquired({ evidence }, context) {
  const at = evidence?.find(({ basis }) => basis !== "PLANNED")
  if (!at) return context.t("ACQUIRED_ELSEWHERE")
  return [free(unitName(at, context).text), ` (${cut(nameIn(context.lang, at.provider?.name)?.text) ?? ""})`]
}
