import { sealBox } from '../../lib/keys/scrypt-box.ts';
import { encodeJson } from '../../lib/tuf/encode-json.ts';

/** A key file with any text encrypted in it, also such as go-tuf would never write. */
export async function sealedText(text: string, passphrase: Uint8Array): Promise<Buffer> {
  const box = Buffer.from(encodeJson(await sealBox(Buffer.from(text), passphrase))).toString();
  return Buffer.from(`{"encrypted": true, "data": ${box}}`);
}

/** The same text as the `data` of a plain key file. */
export function plainText(text: string): Buffer {
  return Buffer.from(`{"encrypted": false, "data": ${text}}`);
}
