/** What happened to an endpoint, for those who ask why it is as it is. The oldest lines go first. */
import type { EndpointLogLine, EndpointState } from '../control.ts';

const LINES = 256;

export class EndpointLog {
  readonly #lines: EndpointLogLine[] = [];

  add(state: EndpointState, message: string, code: EndpointLogLine['code'] = 'OK'): void {
    this.#lines.push({ time: new Date().toISOString(), state, code, message });
    if (this.#lines.length > LINES) this.#lines.shift();
  }

  lines(): EndpointLogLine[] {
    return [...this.#lines];
  }
}
