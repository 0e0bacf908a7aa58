/** The list of lessons. */

import { LESSONS } from "../lessons/lessons";
import { startLesson } from "../lessons/state";
import type { Lesson } from "../lessons/types";
import { report } from "../state/bench";
import { dialog } from "./dialogs";
import { Dialog } from "./Dialog";

function begin(lesson: Lesson): void {
  dialog.value = null;
  startLesson(lesson).catch(report);
}

export function LessonsDialog() {
  return (
    <Dialog name="lessons" title="Lessons">
      <p>
        Each one opens the bench on a simulated exposure and asks a question. A step back (ctrl z) brings your own
        recipe again.
      </p>
      <ol class="lesson-list">
        {LESSONS.map((lesson) => (
          <li key={lesson.id}>
            <button type="button" onClick={() => begin(lesson)}>
              <b>{lesson.title}</b>
              <span class="quiet">{lesson.question}</span>
            </button>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
