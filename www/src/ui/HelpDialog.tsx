/** Keys, touch, and the switch for single-letter keys. */

import { prefer, preferences } from "../state/preferences";
import { Dialog } from "./Dialog";
import { KEYS } from "./keys";

export function HelpDialog() {
  return (
    <Dialog name="help" title="Keys and help">
      <label class="inline check">
        <input
          type="checkbox"
          checked={preferences.value.singleKeys}
          onChange={(event) => prefer({ singleKeys: event.currentTarget.checked })}
        />
        <span>single-letter keys</span>
      </label>
      <table class="keys">
        <caption class="unseen">Keys</caption>
        <tbody>
          {KEYS.map((one) => (
            <tr key={one.keys}>
              <th scope="row">
                <kbd>{one.keys}</kbd>
              </th>
              <td>{one.what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Touch</h3>
      <p>
        One finger moves the picture, two fingers zoom, a long press pins a pixel. On a step of the rail a long press takes
        the step, which can then be moved to another place; a mouse drags it.
      </p>
      <h3>Drawing</h3>
      <p>
        The CPU draws the first picture. If the GPU (WebGL2) draws the same view faster, it draws the next ones; the
        pictures are the same. The status bar says which one draws. <code>?raster=cpu</code> or{" "}
        <code>?raster=gl2</code> in the address of the page chooses one.
      </p>
      <h3>Detected objects</h3>
      <p>
        The panel of photometry marks trails, cosmic rays and edges of the last stage and finds its objects as{" "}
        <code>rawsky calibrate</code> does; a dash stands where cosmic rays cannot be told from stars. Objects are
        ellipses of three times their rms, dashed where an object has flags. With a catalog and a place on the sky they
        are matched; arrows lead from the star of the catalog to the object, longer by the factor that is told, and the
        zero point has a plot.
        The object under the cursor is described in the panel.
      </p>
      <h3>Your data</h3>
      <p>
        Files are read by this page and by nothing else: its content security policy forbids every connection to another
        place. Once loaded, the page works without a network.
      </p>
      <label class="inline check">
        <input
          type="checkbox"
          checked={preferences.value.welcome}
          onChange={(event) => prefer({ welcome: event.currentTarget.checked })}
        />
        <span>show the welcome</span>
      </label>
    </Dialog>
  );
}
