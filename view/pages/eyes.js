// Of the sandbox: the same student through the eyes of others, and a line that says what changed by it and why.
import { Failure } from "../client.js"
import { el } from "../render.js"

const FIRST = "1"

export class Eyes {
  #cast = []
  #chosen = { student: null, persona: null }
  #before = null
  #now = null
  #line = el("p.change", { role: "status" })

  constructor({ personas, client }, now, opened) {
    Object.assign(this, { address: personas, client, now, opened })
  }

  async begin() {
    this.#cast = await fetch(`${this.address}/personas`).then((answer) => answer.json()).catch(() => [])
    const students = this.#students()
    this.#chosen.student = (students.find(({ persona }) => persona === `student-${FIRST}`) ?? students[0])?.students[0]
    this.#chosen.persona = students.find(({ students: [own] }) => own === this.#chosen.student)?.persona
    this.#fill()
    await this.#look()
  }

  drawn(t) {
    this.t = t
    this.student = el("select", { onchange: () => this.#taken({ student: this.student.value }) })
    this.persona = el("select", { onchange: () => this.#taken({ persona: this.persona.value }) })
    this.#fill()
    this.#say()
    return el(
      "section.eyes",
      { "aria-label": t("eyes") },
      el("form", {}, el("h2", {}, t("eyes")), el("label", {}, t("whose"), this.student), el("label", {}, t("seenBy"), this.persona), this.#line),
    )
  }

  // What the plan's new answer shows, beside what the one before it showed of the same student.
  changed(answer, viewer) {
    if (!answer) return
    this.#before = this.#now?.of === this.#chosen.student && this.#now.by !== this.#chosen.persona ? this.#now : this.#before
    if (this.#now?.of !== this.#chosen.student) this.#before = null
    this.#now = { of: this.#chosen.student, by: this.#chosen.persona, role: viewer.role, ...seen(answer) }
    this.#say()
  }

  #students() {
    return this.#cast.filter(({ persona }) => persona.startsWith("student-"))
  }

  #fill() {
    const option = (value, text, chosen) => el("option", { value, selected: value === chosen }, text)
    const tied = this.#cast.filter(({ students }) => students.includes(this.#chosen.student))
    const others = this.#cast.filter((each) => !tied.includes(each) && !each.persona.startsWith("student-"))
    const group = (name, some) => el("optgroup", { label: this.t(name) }, some.map(({ persona, title }) => option(persona, title, this.#chosen.persona)))
    this.student.replaceChildren(...this.#students().map(({ students: [own], title }) => option(own, title, this.#chosen.student)))
    this.persona.replaceChildren(group("tied", tied), group("others", others))
  }

  async #taken(chosen) {
    Object.assign(this.#chosen, chosen)
    if (chosen.student) {
      this.#chosen.persona = this.#students().find(({ students: [own] }) => own === chosen.student).persona
      this.#fill()
    }
    await this.#look()
  }

  #look() {
    const { persona, student } = this.#chosen
    let held = null
    const token = async (renew) => {
      if (!held || renew) held = await this.#token(persona)
      return held
    }
    return this.opened({ token, student })
  }

  async #token(persona) {
    const body = JSON.stringify({ persona, client: this.client })
    try {
      const answer = await fetch(`${this.address}/token`, { method: "POST", body })
      return (await answer.json()).access_token
    } catch {
      throw new Failure("offline")
    }
  }

  #say() {
    const { t } = this
    const now = this.#now
    if (!now) return
    const before = this.#before
    const named = (items) => items.map((each) => t(each)).join(", ")
    const counts = ({ counts: each }) => t("seenCounts", ...each)
    const hidden = before ? now.hidden.filter((each) => !before.hidden.includes(each)) : now.hidden
    const shown = before ? before.hidden.filter((each) => !now.hidden.includes(each)) : []
    const told = [
      t("seen", counts(now)),
      before && t("before", counts(before)),
      hidden.length > 0 && t("nowHidden", named(hidden)),
      shown.length > 0 && t("nowShown", named(shown)),
      before && !hidden.length && !shown.length && t("sameItems"),
      t(`why${now.role}`) !== `why${now.role}` && t("why", t(`why${now.role}`)),
    ]
    this.#line.replaceChildren(told.filter(Boolean).join(" "))
  }
}

function seen({ student, withheld }) {
  const occurrences = (student?.combinedUnits ?? []).flatMap(({ occurrences: each }) => each ?? [])
  const count = (name) => occurrences.reduce((sum, each) => sum + (each[name]?.length ?? 0), 0)
  return {
    counts: [student?.hoksit?.length ?? 0, student?.combinedUnits?.length ?? 0, count("acquisitions"), count("demonstrations")],
    hidden: [...new Set(withheld.map(({ item }) => item).filter(Boolean))],
  }
}
