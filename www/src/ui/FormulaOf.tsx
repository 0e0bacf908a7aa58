/** The formula of a step; the first picture does not wait for it. */

import { isPictureUp, later } from "./later";

export const FormulaOf = later(() => import("./formulas").then((part) => part.FormulaOf), isPictureUp);
