/** Runs a question at most once at a time; of those that come meanwhile only the newest is asked. */
export function latest<T, R>(
  ask: (question: T) => Promise<R>,
  answer: (result: R, question: T) => void,
  fail: (cause: unknown) => void,
): (question: T) => void {
  let running = false;
  let waiting: { question: T } | null = null;
  const run = async (question: T): Promise<void> => {
    running = true;
    try {
      const result = await ask(question);
      // An answer is shown even if a newer question waits, so that a long drag is seen moving.
      answer(result, question);
    } catch (cause) {
      if (!waiting) fail(cause);
    }
    running = false;
    if (waiting) {
      const next = waiting as { question: T };
      waiting = null;
      void run(next.question);
    }
  };
  return (question) => {
    if (running) waiting = { question };
    else void run(question);
  };
}
