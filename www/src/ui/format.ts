/** Numbers in words: enough digits to be useful, never more than they are worth. */

export function decimals(value: number, digits = 1): string {
  if (!Number.isFinite(value)) return "NaN";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 10 ** -digits / 2))
    return value.toExponential(2).replace("-", "−").replace("e+", "e");
  return value.toFixed(digits).replace("-", "−");
}

/** Digits so that a step of `range / 200` can be seen. */
export function digitsFor(range: number): number {
  return Math.max(0, Math.min(4, Math.ceil(2 - Math.log10(Math.abs(range) || 1))));
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

export function milliseconds(ms: number): string {
  if (ms < 1) return "< 1 ms";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function bytes(value: number): string {
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${Math.round(value / 1e6)} MB`;
}

export function rightAscension(degrees: number): string {
  return sexagesimal((degrees < 0 ? degrees + 360 : degrees) / 15, 2);
}

export function declination(degrees: number): string {
  return (degrees < 0 ? "−" : "+") + sexagesimal(Math.abs(degrees), 1);
}

function sexagesimal(value: number, digits: number): string {
  const unit = 10 ** digits;
  const total = Math.round(value * 3600 * unit);
  const seconds = (total % (60 * unit)) / unit;
  const minutes = Math.floor(total / (60 * unit)) % 60;
  const whole = Math.floor(total / (3600 * unit));
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(whole)}:${two(minutes)}:${seconds.toFixed(digits).padStart(digits + 3, "0")}`;
}

/** `level_dn` becomes a label and a unit. */
export function labelOf(key: string): { label: string; unit: string } {
  const units: [RegExp, string][] = [
    [/_dn$/, "DN"],
    [/_electron_per_dn$/, "electron/DN"],
    [/_electron$/, "electron"],
    [/_pix$/, "pixels"],
    [/_ms$/, "ms"],
    [/_s$/, "s"],
  ];
  const found = units.find(([pattern]) => pattern.test(key));
  return { label: (found ? key.replace(found[0], "") : key).replaceAll("_", " "), unit: found?.[1] ?? "" };
}
