/**
 * Words for a screen reader that follow numbers which change quickly: they are given out when the
 * numbers have rested, so that the reader can finish a sentence.
 */

import { useEffect, useState } from "preact/hooks";

const REST_MS = 600;

export function Spoken({ text }: { text: string }) {
  const [rested, setRested] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="unseen" aria-live="polite">
      {rested}
    </p>
  );
}
