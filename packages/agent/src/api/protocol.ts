/** What server and client have agreed upon besides the paths and models: where the socket is, and two headers. */

/** The agent's socket, where nobody says otherwise. */
export const DEFAULT_SOCKET = '/run/waggle/agent.sock';

/** Is in every answer, with the API's version: only waggle's agent sends it. */
export const API_HEADER = 'waggle-api';
export const API_VERSION = '1';

/** Is in every answer that is an error: the code of the WaggleError, or UNKNOWN_PATH. */
export const ERROR_HEADER = 'waggle-error';
/** In place of an error's code: this agent has no such path or method. */
export const UNKNOWN_PATH = 'UNKNOWN_PATH';
