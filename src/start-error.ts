/** What keeps the server from starting, and a person can mend: the message says what it is, and no stack trace is shown. */
export class StartError extends Error {}
