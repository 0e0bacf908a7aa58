/** Parts of the page whose code comes when they are first shown; the first picture does not wait for it. */

import { signal } from "@preact/signals";
import type { ComponentType, FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { busy, exposure, opening, report } from "../state/bench";

/** Whether an exposure is there and all its steps are done: there is time for what is beside the picture. */
export const isPictureUp = (): boolean => exposure.value !== null && !busy.value && !opening.value;

/** The component that `load` brings, once `isWanted` has been true. Before that there is nothing to see. */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  isWanted: () => boolean = () => true,
): FunctionComponent<Props> {
  const brought = signal<{ Part: ComponentType<Props> } | null>(null);
  let asked: Promise<void> | null = null;
  const ask = (): void => {
    asked ??= load().then(
      (Part) => void (brought.value = { Part }),
      (reason: unknown) => {
        // Without a network now, perhaps with one when it is wanted again.
        asked = null;
        report(reason);
      },
    );
  };
  return function Later(props) {
    const wanted = isWanted();
    useEffect(() => {
      if (wanted) ask();
    }, [wanted]);
    const { Part } = brought.value ?? {};
    return Part ? <Part {...props} /> : null;
  };
}
