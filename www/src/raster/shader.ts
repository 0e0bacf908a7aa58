/**
 * The programs of the graphics processor. All that decides a color is done in whole numbers: which pixel
 * lies under a picture pixel comes from the core as a table, and a value is compared with the least
 * values of the color steps by its bits. A driver may round, flush or drop NaN as it likes: the picture
 * is the core's.
 */

/** One triangle that covers the picture. */
export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`;

/** Entries in a line of the texture of color steps. */
export const TABLE_WIDTH = 64;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D image;   // bits of the values
uniform usampler2D mask;
uniform usampler2D table;   // least order and color of each step
uniform usampler2D places;  // of each part: image columns, image rows
uniform int part;
uniform int side;
uniform ivec2 origin;       // first column and row of the image in this texture
uniform int height;         // of the picture
uniform vec2 lowAndSlope;   // for a first guess of the step
uniform uint wanted;        // mask bits
uniform uint marks[9];      // checker, stripes
out vec4 color;

const int LAST = 4095;

uvec2 entry(int step) {
  int at = side * (LAST + 1) + step;
  return texelFetch(table, ivec2(at % ${TABLE_WIDTH}, at / ${TABLE_WIDTH}), 0).rg;
}

uint colorOf(uint bits) {
  uint order = (bits >> 31) == 0u ? bits | 0x80000000u : ~bits;
  float guess = (uintBitsToFloat(bits) - lowAndSlope.x) * lowAndSlope.y + 0.5;
  int step = clamp(int(clamp(guess, 0.0, 4095.0)), 0, LAST);
  uvec2 found = entry(step);
  while (step > 0 && order < found.x) found = entry(--step);
  while (step < LAST) {
    uvec2 next = entry(step + 1);
    if (order < next.x) break;
    found = next;
    step++;
  }
  return found.y;
}

bool isStripe(int bit, int x, int y) {
  int kind = bit % 4;
  int across = kind == 0 ? x + y : kind == 1 ? x + 3 * (y % 4) : kind == 2 ? y : x;
  return across % 4 < 2;
}

uvec4 unpack(uint packed) {
  return (uvec4(packed) >> uvec4(0, 8, 16, 24)) & 255u;
}

void main() {
  int x = int(gl_FragCoord.x);
  int y = height - 1 - int(gl_FragCoord.y);
  ivec2 at = ivec2(texelFetch(places, ivec2(x, 2 * part), 0).r, texelFetch(places, ivec2(y, 2 * part + 1), 0).r);
  uint bits = texelFetch(image, at - origin, 0).r;
  bool isNan = (bits & 0x7fffffffu) > 0x7f800000u;
  uvec4 shown = unpack(isNan ? marks[(x / 4 + y / 4) % 2] : colorOf(bits));
  uint flags = wanted == 0u ? 0u : texelFetch(mask, at - origin, 0).r & wanted;
  if (flags != 0u) {
    // The exponent of a power of two is the number of its bit.
    int bit = int(floatBitsToUint(float(flags & (~flags + 1u))) >> 23) - 127;
    uvec4 stripe = unpack(marks[2 + bit % 7]);
    shown = isStripe(bit, x, y) ? stripe : uvec4((stripe.rgb + shown.rgb) / 2u, 255u);
  }
  color = vec4(shown) / 255.0;
}`;
