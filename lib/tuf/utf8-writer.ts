const PIECE = 65_536; // characters

/**
 * Gathers a text and makes UTF-8 of it, piece by piece: of one text of 20 MB in a million parts the garbage collector would look at every part again and again.
 */
export class Utf8Writer {
  readonly #pieces: Uint8Array[] = [];
  #text = '';

  /** @param text - well-formed by itself */
  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.#turn();
  }

  /** All that was added. */
  bytes(): Uint8Array {
    this.#turn();
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }

  #turn(): void {
    this.#pieces.push(Buffer.from(this.#text, 'utf8'));
    this.#text = '';
  }
}
