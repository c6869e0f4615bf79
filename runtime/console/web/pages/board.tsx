/** The board: where every message is seen to run. */

export function Board() {
  return <h1>Board</h1>;
}
