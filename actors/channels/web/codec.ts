/** The wire of this channel is UMF in XML: nothing is lost in either direction. */

export { readUmfWire as readWire, writeUmfWire as writeWire } from '../../conversion/umf-wire.js';
