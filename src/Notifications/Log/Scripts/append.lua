-- Appends entries to a partition, in order, as one step: no reader sees half of it, and what it decides about ids holds.
--
-- KEYS[1]  the stream
-- KEYS[2]  the partition's counters, a hash:
--            last  id of the last entry              n   entries ever appended       c   bytes of their payloads
--            done  id of the last committed entry    dn  n of that entry             dc  c of that entry
-- KEYS[3…] one per entry that has a producer's id: where the event that was appended under it is remembered
-- ARGV[1]  bytes that may wait to be committed    ARGV[2]  the doorbell's channel    ARGV[3]  seconds for which ids are remembered
-- ARGV[4]  the time, in Unix milliseconds
-- ARGV[5…] four per entry: which of KEYS[3…], from 1 (0: none); event id; tenant; payload
--
-- Returns one text per entry: empty where it was appended, the first event's id where it was there, 'F' where the log is full. A duplicate is
-- told from a full log, so that a retry is never sent away from what it has achieved already.
local counters = redis.call('HMGET', KEYS[2], 'last', 'n', 'c', 'dc', 'done')
local last, n, c, done = counters[1] or '0-0', tonumber(counters[2] or 0), tonumber(counters[3] or 0), tonumber(counters[4] or 0)
local limit, results, appended = tonumber(ARGV[1]), {}, 0
local idle = not counters[5] or counters[5] == last

-- An id never goes back, whatever the clocks of the appending nodes do. A position keeps 21 bits of its second part.
local dash = string.find(last, '-', 1, true)
local ms, seq = tonumber(string.sub(last, 1, dash - 1)), tonumber(string.sub(last, dash + 1))
local function following()
  local now = tonumber(ARGV[4])
  if now > ms then
    ms, seq = now, 0
  elseif seq < 2000000 then
    seq = seq + 1
  else
    ms, seq = ms + 1, 0
  end
  return string.format('%.0f-%.0f', ms, seq)
end

for i = 5, #ARGV, 4 do
  local key = tonumber(ARGV[i])
  local known = key > 0 and redis.call('GET', KEYS[2 + key])
  if known then
    results[#results + 1] = known
  elseif c - done >= limit then
    results[#results + 1] = 'F'
  else
    n = n + 1
    c = c + #ARGV[i + 3]
    local fields = { 'p', last, 'n', n, 'c', string.format('%.0f', c), 'i', ARGV[i + 1], 't', ARGV[i + 2], 'd', ARGV[i + 3] }
    last = redis.pcall('XADD', KEYS[1], following(), unpack(fields))
    if type(last) == 'table' then
      last = redis.call('XADD', KEYS[1], '*', unpack(fields)) -- Somebody wrote into the stream by hand; or it fails for good here.
    end
    if key > 0 then
      redis.call('SET', KEYS[2 + key], ARGV[i + 1], 'EX', ARGV[3])
    end
    results[#results + 1] = ''
    appended = appended + 1
  end
end

if appended > 0 then
  redis.call('HSET', KEYS[2], 'last', last, 'n', n, 'c', string.format('%.0f', c))
  if idle then
    redis.call('PUBLISH', ARGV[2], '') -- Else the owner is at work, and told of what came meanwhile when it notes where it is.
  end
end
return results
