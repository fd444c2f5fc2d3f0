-- Single sends of one record, the streams in turn. The records of a run are numbered from round * 10,000,000 on, and record n goes to
-- stream n % 10,000,000 % streams, so that who reads them back sees what is doubled and what strayed.
-- Arguments: prefix of the stream ids, number of streams, connections, round (1 to 9).
local here = debug.getinfo(1, 'S').source:match('^@(.*)[^/]*$'):match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path
local report = require('report')

-- All numbers have eight digits, so the requests are made once, with a place for the number.
local place = '88888888'
local body = '{"data":{"n":' .. place ..
  ',"text":"the wheel turns as long as water runs down the race and the stones grind what was poured in"}}'
local heads, tails, first, count = {}, {}, 0, 0

function init(args)
  first = tonumber(args[4]) * 10000000
  for i = 1, tonumber(args[2]) do
    local path = '/stream/' .. args[1] .. (i - 1) .. '/send'
    local text = wrk.format('POST', path, { ['Content-Type'] = 'application/json' }, body)
    heads[i], tails[i] = text:match('^(.*)' .. place .. '(.*)$')
  end
end

-- No response(): wrk would hand each reply to Lua, which costs more than sending does.
function request()
  local i = count % #heads + 1
  local text = heads[i] .. (first + count) .. tails[i]
  count = count + 1
  return text
end

function done(summary, latency)
  report.print(summary, latency, {})
end
