/** Median level of every detector and amplifier: this is where gain jumps and bad flats show. */

import { detectorRows, openDetector, type DetectorRow, type Known } from "../../state/mosaic";
import { count, decimals } from "../format";
import { nameOf } from "./Picture";

/** A jump between the amplifiers of a detector that is worth a mark (%). */
const LARGE_JUMP = 5;

function Cell({ known }: { known: Known | null | undefined }) {
  if (known === undefined) return <td class="number quiet">–</td>;
  if (known === null)
    return (
      <td class="number quiet">
        <span aria-hidden="true">…</span>
        <span class="unseen">not read yet</span>
      </td>
    );
  if ("failure" in known) return <td class="bad-text">cannot be read</td>;
  const { median, overscan, nNan } = known;
  const zero = overscan === null ? "no overscan" : `overscan ${decimals(overscan, 1)} DN subtracted`;
  return (
    <td class="number" title={`${zero}; ${count(nNan)} pixels without a value`}>
      {median === null ? "none" : decimals(median, 1)}
    </td>
  );
}

function Jump({ row }: { row: DetectorRow }) {
  if (row.jump === null) return <td class="number quiet">–</td>;
  const large = row.jump > LARGE_JUMP;
  return (
    <td class="number">
      {large && <span aria-label="large">▲ </span>}
      {decimals(row.jump, 1)}
    </td>
  );
}

function Failures() {
  const failures = detectorRows.value.flatMap((row) =>
    row.known.flatMap((one, i) =>
      one && "failure" in one ? [`detector ${nameOf(row)}, amplifier ${row.members[i]?.amp}: ${one.failure}`] : [],
    ),
  );
  return (
    <>
      {failures.map((text) => (
        <p key={text} class="note breaks">
          {text}
        </p>
      ))}
    </>
  );
}

export function LevelTable() {
  const rows = detectorRows.value;
  const amps = [...new Set(rows.flatMap((row) => row.members.map((member) => member.amp)))].sort((a, b) => a - b);
  return (
    <section class="mosaic-levels" aria-label="Median levels">
      <h2>median level, DN</h2>
      <p class="quiet">
        DN above the median of the amplifier’s overscan; nothing else is corrected. A jump between amplifiers is a
        difference of gain or of the sky.
      </p>
      <div class="table-box" tabIndex={0} role="region" aria-label="Table of median levels">
        <table>
          <thead>
            <tr>
              <th scope="col">detector</th>
              {amps.map((amp) => (
                <th key={amp} scope="col">
                  amp {amp}
                </th>
              ))}
              <th scope="col">
                jump <span class="unit">%</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.place.detector}>
                <th scope="row">
                  <button
                    type="button"
                    title={row.members[0]?.file}
                    aria-label={`Open detector ${nameOf(row)} on the bench`}
                    onClick={() => void openDetector(row.place.detector, null)}
                  >
                    {nameOf(row)}
                  </button>
                </th>
                {amps.map((amp) => {
                  const at = row.members.findIndex((member) => member.amp === amp);
                  return <Cell key={amp} known={at < 0 ? undefined : row.known[at]} />;
                })}
                <Jump row={row} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Failures />
    </section>
  );
}
