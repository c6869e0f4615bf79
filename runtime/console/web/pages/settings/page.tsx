/** Devices and profiles of who is signed in. */

export function Settings() {
  return <h1>Devices & profiles</h1>;
}
