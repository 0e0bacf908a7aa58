import { Dialog } from "./Dialog";

export function LessonsDialog() {
  return <Dialog name="lessons" title="Lessons"><p>Soon.</p></Dialog>;
}
