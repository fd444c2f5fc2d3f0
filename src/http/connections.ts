import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Task = () => void

/** What is to be done when each response of a connection is over, oldest first. */
type Responses = Map<ServerResponse, Task[]>

/**
 * Knows when responses are over: sent, or their connection gone. Node says so of the response that is being sent only: one that waits
 * behind another on its connection gets no 'close' when the connection dies. So there is one listener a connection, for all it has.
 */
export class Connections {
  private readonly open = new Map<Socket, Responses>()

  /** Called once for every response, before anything else is said of it. */
  begin(response: ServerResponse): void {
    const { socket } = response.req
    // Its 'close' may have been emitted: nothing would end what began now.
    if (socket.destroyed) return
    const responses = this.open.get(socket) ?? this.connect(socket)
    responses.set(response, [])
    response.on('close', () => {
      end(responses, response)
    })
  }

  /** Does `task` once when the response is over; now if it is. */
  whenOver(response: ServerResponse, task: Task): void {
    const tasks = this.open.get(response.req.socket)?.get(response)
    if (tasks === undefined) task()
    else tasks.push(task)
  }

  /**
   * Whether bytes that never became a request can be answered: not if another answer is due on the connection, for which the client
   * would take this one. Where only a request's own body is bad or late, the answer is that request's.
   */
  canAnswer(socket: Socket): boolean {
    const due = [...(this.open.get(socket)?.keys() ?? [])]
    return due.every((response) => due.length === 1 && !response.req.complete && !response.headersSent)
  }

  private connect(socket: Socket): Responses {
    const responses: Responses = new Map()
    this.open.set(socket, responses)
    socket.on('close', () => {
      this.open.delete(socket)
      for (const response of [...responses.keys()]) end(responses, response)
    })
    return responses
  }
}

function end(responses: Responses, response: ServerResponse): void {
  const tasks = responses.get(response) ?? []
  responses.delete(response)
  for (const task of tasks) task()
}
