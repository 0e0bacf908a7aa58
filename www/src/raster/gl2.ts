/**
 * The raster on the graphics processor. A change of place, cuts or colors sends two small tables; the
 * images stay there. It gives the picture of the core's raster.
 */

import type { View } from "../engine/protocol";
import { FRAGMENT, TABLE_WIDTH, VERTEX } from "./shader";
import type { Part, PixelSource } from "./source";
import { Textures, type Piece } from "./textures";

/** Texture units, in the order of the program's samplers. */
const UNITS = ["image", "mask", "table", "places"] as const;
type Unit = (typeof UNITS)[number];

const UNIFORMS = [...UNITS, "part", "side", "origin", "height", "lowAndSlope", "wanted", "marks"] as const;
type Uniform = (typeof UNIFORMS)[number];

const STEPS = 4096;
/** Largest single-precision number. */
const HUGE = 3.4e38;

/** What a context holds besides the images; gone when the context is lost. */
interface Program {
  places: Record<Uniform, WebGLUniformLocation | null>;
  textures: Record<"table" | "places", WebGLTexture>;
}

export class Gl2 {
  private program: Program;
  private images: Textures;
  private shownTable = "";
  readonly largestSide: number;

  private constructor(
    private readonly canvas: OffscreenCanvas,
    private readonly gl: WebGL2RenderingContext,
    private readonly marks: Uint32Array,
  ) {
    this.largestSide = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    this.images = new Textures(gl, this.largestSide);
    this.program = this.start();
  }

  /** `null` where there is no WebGL2. When a lost context is back, it has to be started again. */
  static create(marks: Uint32Array, onLost: () => void, onRestored: () => void): Gl2 | null {
    if (typeof OffscreenCanvas === "undefined") return null;
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false });
    if (!context) return null;
    const made = new Gl2(canvas, context, marks);
    canvas.addEventListener("webglcontextlost", (event) => {
      // Without this the context never comes back.
      event.preventDefault();
      onLost();
    });
    canvas.addEventListener("webglcontextrestored", onRestored);
    return made;
  }

  restart(): void {
    this.images = new Textures(this.gl, this.largestSide);
    this.shownTable = "";
    this.program = this.start();
  }

  get isLost(): boolean {
    return this.gl.isContextLost();
  }

  private start(): Program {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX] as const, [gl.FRAGMENT_SHADER, FRAGMENT] as const]) {
      const shader = gl.createShader(kind);
      if (!shader) throw new Error("no shader");
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS))
      throw new Error(`the program was refused: ${gl.getProgramInfoLog(program)}`);
    gl.useProgram(program);
    gl.disable(gl.DITHER);
    const location = (name: Uniform) => [name, gl.getUniformLocation(program, name)] as const;
    const places = Object.fromEntries(UNIFORMS.map(location)) as Program["places"];
    UNITS.forEach((unit, at) => gl.uniform1i(places[unit], at));
    gl.uniform1uiv(places.marks, this.marks);
    return { places, textures: { table: this.smallTexture("table"), places: this.smallTexture("places") } };
  }

  private smallTexture(unit: Unit): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    this.bind(unit, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return texture;
  }

  private bind(unit: Unit, texture: WebGLTexture): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + UNITS.indexOf(unit));
    this.gl.bindTexture(this.gl.TEXTURE_2D, texture);
  }

  fits(view: View): boolean {
    return Math.max(view.width, view.height) <= this.largestSide;
  }

  /** Whether all that a view shows is on the graphics processor. */
  holds(parts: Part[], view: View): boolean {
    return this.images.missing(parts, view.maskBits !== 0) === null;
  }

  /** Sends one image or mask of a view; whether there was one left to send. */
  sendNext(core: PixelSource, parts: Part[], view: View): boolean {
    this.images.keepFor(parts, view.amps);
    const missing = this.images.missing(parts, view.maskBits !== 0);
    if (missing) this.images.send(core, missing.part, missing.mask);
    return missing !== null;
  }

  /** Draws the parts of a view, whose images must be there. */
  draw(core: PixelSource, parts: Part[], view: View): ImageBitmap {
    const { gl, canvas } = this;
    if (canvas.width !== view.width) canvas.width = view.width;
    if (canvas.height !== view.height) canvas.height = view.height;
    gl.viewport(0, 0, view.width, view.height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.images.keepFor(parts, view.amps);
    this.sendTable(core, view);
    this.sendPlaces(parts, view);
    gl.enable(gl.SCISSOR_TEST);
    parts.forEach((part, index) => this.drawPart(part, index, view));
    if (gl.isContextLost()) throw new Error("the context is lost");
    return canvas.transferToImageBitmap();
  }

  /** Draws, and waits until it is done (ms). */
  time(core: PixelSource, parts: Part[], view: View): number {
    const start = performance.now();
    const bitmap = this.draw(core, parts, view);
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
    bitmap.close();
    return performance.now() - start;
  }

  private sendTable(core: PixelSource, view: View): void {
    const { gl } = this;
    const { low, high, againstCuts, stretch, colour, invert, mode } = view;
    const wanted = JSON.stringify([low, high, againstCuts, stretch, colour, invert, mode === "split"]);
    if (wanted === this.shownTable) return;
    const table = core.tables(view);
    const lines = table.length / 2 / TABLE_WIDTH;
    this.bind("table", this.program.textures.table);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32UI, TABLE_WIDTH, lines, 0, gl.RG_INTEGER, gl.UNSIGNED_INT, table);
    this.shownTable = wanted;
  }

  private sendPlaces(parts: Part[], view: View): void {
    const { gl } = this;
    const width = Math.max(view.width, view.height);
    const places = new Uint32Array(2 * Math.max(1, parts.length) * width);
    parts.forEach((part, index) => {
      places.set(part.columns, 2 * index * width + part.firstColumn);
      places.set(part.rows, (2 * index + 1) * width + part.firstLine);
    });
    this.bind("places", this.program.textures.places);
    const lines = places.length / width;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, width, lines, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, places);
  }

  private drawPart(part: Part, index: number, view: View): void {
    const { gl } = this;
    const at = this.program.places;
    const [low, high] = (part.side === 1 && view.againstCuts) || [view.low, view.high];
    gl.uniform1i(at.part, index);
    gl.uniform1i(at.side, part.side);
    gl.uniform1i(at.height, view.height);
    gl.uniform2f(at.lowAndSlope, low, Math.min((STEPS - 1) / (high - low), HUGE));
    gl.uniform1ui(at.wanted, view.maskBits);
    const masks = view.maskBits === 0 ? [] : this.images.pieces(part, true);
    this.images.pieces(part, false).forEach((piece, which) => {
      this.bind("image", piece.texture);
      this.bind("mask", (masks[which] ?? piece).texture);
      gl.uniform2i(at.origin, piece.column, piece.row);
      this.drawPiece(part, piece, view.height);
    });
  }

  private drawPiece(part: Part, piece: Piece, height: number): void {
    const [column, columns] = span(part.columns, piece.column, piece.width);
    const [line, lines] = span(part.rows, piece.row, piece.height);
    if (columns === 0 || lines === 0) return;
    this.gl.scissor(part.firstColumn + column, height - part.firstLine - line - lines, columns, lines);
    this.gl.drawArrays(this.gl.TRIANGLES, 0, 3);
  }

  /** Lets go of the images. */
  forget(): void {
    this.images.forget();
  }

  /** Gives everything back. */
  close(): void {
    this.forget();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Which of rising or falling places lie in `first` to `first + count`: the first one and how many. */
function span(places: Uint32Array, first: number, count: number): [number, number] {
  const inside = (place: number): boolean => place >= first && place < first + count;
  const begin = places.findIndex(inside);
  return begin < 0 ? [0, 0] : [begin, places.findLastIndex(inside) + 1 - begin];
}
