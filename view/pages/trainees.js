// A workplace: the periods and demonstrations of my trainees with tasks, dates and the school's contact; nothing else.
import { notice } from "../notices.js"
import { Providers } from "../providers.js"
import { el } from "../render.js"
import { trainee } from "../trainee.js"
import { Withheld } from "../withheld.js"

export async function trainees(box, context) {
  const { t, asked, loader } = context
  const load = loader(box, () => asked("Trainees"), ({ data, withheld, gaps, isPartial }) => {
    const all = data.students.edges.map(({ node }) => node).filter(Boolean)
    return [
      el("h2", {}, t("traineesPage")),
      all.length === 0 && !(isPartial || gaps.length) && notice("empty", t, { body: t("noTrainees") }),
      all.map((each) => trainee(each, { ...context, providers: new Providers(each, context), withheld: new Withheld(withheld, t) })),
    ]
  })
  await load()
}
