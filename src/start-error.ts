/** What keeps the server from starting, and a person can mend: the program's last line is the message, without a stack trace. */
export abstract class StartError extends Error {}
