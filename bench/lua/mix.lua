-- The original's mix over 800 streams: 6 sends to a stream for 1 end; here also 1 read of its results, and an ended stream is started
-- again (the original's script does not, so that almost all its requests are errors). One request in 50 goes to a stream that was never
-- started and must be refused.
-- wrk's connections overtake each other, so around an end or a start a stream is left alone for `rest` requests: what is refused beyond
-- the strays would else be the script's doing. Every reply is counted by what it says.
-- Arguments: prefix of the stream ids (all of them started), number of streams, connections.
local here = debug.getinfo(1, 'S').source:match('^@(.*)[^/]*$'):match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path
local report = require('report')

local threads = {}
local operations = { 'send', 'send', 'send', 'send', 'send', 'send', 'results', 'end' }
local prefix, streams, rest
-- A stream without a state is open; 'ending' and 'ended' are followed by its end and its start, after a rest.
local state, restsUntil = {}, {}
local now = 0
starts, sends, ends, reads, lies, refused, failed, strays = 0, 0, 0, 0, 0, 0, 0, 0

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  math.randomseed(20260101)
  prefix, streams = args[1], tonumber(args[2])
  rest = 400 + 1.5 * tonumber(args[3])
end

local function send(id)
  local body = '{"data":"Hello Stream ' .. id .. ' - ' .. string.rep('a', math.random(10, 200)) .. '"}'
  return wrk.format('POST', '/stream/' .. prefix .. id .. '/send', { ['Content-Type'] = 'application/json' }, body)
end

local function change(id, operation, after)
  state[id], restsUntil[id] = after, now + rest
  return wrk.format('POST', '/stream/' .. prefix .. id .. '/' .. operation)
end

-- What to do with stream `id` now; nil if it rests.
local function read(id)
  return wrk.format('GET', '/stream/' .. prefix .. id .. '/results', { Accept = 'application/json' })
end

-- What to do with stream `id` now; nil if it rests.
local function step(id)
  if (restsUntil[id] or 0) > now then
    return nil
  elseif state[id] == 'ending' then
    return change(id, 'end', 'ended')
  elseif state[id] == 'ended' then
    return change(id, 'start', nil)
  end
  local operation = operations[math.random(1, #operations)]
  if operation == 'end' then
    state[id], restsUntil[id] = 'ending', now + rest
    return nil
  end
  return operation == 'send' and send(id) or read(id)
end

function request()
  now = now + 1
  if now % 50 == 0 then
    strays = strays + 1
    return send('never-started')
  end
  for _ = 1, 50 do
    local made = step(math.random(1, streams))
    if made then
      return made
    end
  end
  return read(1)
end

function response(status, _, body)
  if status >= 500 then
    failed = failed + 1
  elseif status >= 300 then
    refused = refused + 1
  elseif body:sub(1, 40):find('"status":"error"', 1, true) then
    lies = lies + 1
  elseif body:find('Data sent to stream', 1, true) then
    sends = sends + 1
  elseif body:find('started successfully', 1, true) then
    starts = starts + 1
  elseif body:find('disconnected successfully', 1, true) then
    ends = ends + 1
  else
    reads = reads + 1
  end
end

function done(summary, latency)
  local counts = {}
  for _, name in ipairs({ 'starts', 'sends', 'ends', 'reads', 'lies', 'refused', 'failed', 'strays' }) do
    counts[name] = 0
    for _, thread in ipairs(threads) do
      counts[name] = counts[name] + thread:get(name)
    end
  end
  report.print(summary, latency, counts)
end
