/** The running lesson beside the picture: text, question, answer. */

import { useEffect, useRef, useState } from "preact/hooks";
import { LESSONS } from "../lessons/lessons";
import { isRight, lesson as running, startLesson } from "../lessons/state";
import type { Answer, Lesson } from "../lessons/types";
import { report } from "../state/bench";

interface FieldProps {
  answer: Answer;
  given: string;
  onGive(text: string): void;
}

function Field({ answer, given, onGive }: FieldProps) {
  if (answer.kind === "parameter") return null;
  if (answer.kind === "choice") {
    return (
      <div role="radiogroup" aria-label="Answers">
        {answer.choices.map((choice, i) => (
          <label key={choice} class="lesson-choice">
            <input
              type="radio"
              name="answer"
              value={i}
              checked={given === String(i)}
              onChange={() => onGive(String(i))}
            />
            <span>{choice}</span>
          </label>
        ))}
      </div>
    );
  }
  return (
    <label class="inline">
      <span>answer</span>
      <input type="number" step="any" value={given} onInput={(event) => onGive(event.currentTarget.value)} />
      <span class="unit">{answer.kind === "rms" ? "DN" : answer.unit}</span>
    </label>
  );
}

function next(after: Lesson): Lesson | undefined {
  return LESSONS[LESSONS.indexOf(after) + 1];
}

export function LessonCard({ lesson }: { lesson: Lesson }) {
  const [given, setGiven] = useState("");
  const [verdict, setVerdict] = useState<"right" | "wrong" | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    setGiven("");
    setVerdict(null);
    heading.current?.focus();
  }, [lesson]);
  const check = (event: Event): void => {
    event.preventDefault();
    const answered = lesson.answer.kind === "parameter" || given !== "";
    if (answered) setVerdict(isRight(lesson.answer, Number(given)) ? "right" : "wrong");
  };
  const following = next(lesson);
  return (
    <aside class="welcome lesson" data-own-pointer aria-label="Lesson">
      <button type="button" class="close" aria-label="Close the lesson" onClick={() => (running.value = null)}>
        ×
      </button>
      <p class="quiet">
        lesson {LESSONS.indexOf(lesson) + 1} of {LESSONS.length}
      </p>
      <h2 ref={heading} tabIndex={-1}>
        {lesson.title}
      </h2>
      {lesson.text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <form onSubmit={check}>
        <p>
          <b>{lesson.question}</b>
        </p>
        <Field
          answer={lesson.answer}
          given={given}
          onGive={(text) => {
            setGiven(text);
            setVerdict(null);
          }}
        />
        <div class="row">
          <button type="submit" class="primary">
            Check
          </button>
          {following && (
            <button type="button" onClick={() => void startLesson(following).catch(report)}>
              Next lesson
            </button>
          )}
        </div>
      </form>
      <div role="status" class={verdict ? `verdict ${verdict}` : ""}>
        {verdict === "right" && (
          <p>
            <b>✓ Right.</b> {lesson.why}
          </p>
        )}
        {verdict === "wrong" && (
          <p>
            <b>✕ Not yet.</b> {lesson.hint}
          </p>
        )}
      </div>
    </aside>
  );
}
