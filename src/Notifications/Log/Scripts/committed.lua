-- Notes up to where a partition is committed, and tells whether the log is still the one that this position stands for.
--
-- KEYS[1] the stream    KEYS[2] the counters (see append.lua)
-- ARGV[1] the position, an id; '0-0' is before the first entry    ARGV[2] 1: an owner begins here, 0: it goes on
-- ARGV[3] the doorbell's channel, rung where more waits than this: its append did not ring, because the owner was at work
--
-- Returns 'ok'; 'rewound' where the position is in no entry any more: the log was flushed, or is an older copy; 'ahead' where more was
-- committed already: the store is the older copy.
local last, done = unpack(redis.call('HMGET', KEYS[2], 'last', 'done'))

local function parse(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end

local function after(a, b)
  local a1, a2 = parse(a)
  local b1, b2 = parse(b)
  return a1 > b1 or (a1 == b1 and a2 > b2)
end

-- What an entry says of itself; one that was not written by append.lua says nothing.
local function counters(entry)
  local n, c, size
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    if name == 'n' then n = tonumber(value) elseif name == 'c' then c = tonumber(value) elseif name == 'd' then size = #value end
  end
  return n, c, size or 0
end

local function note(id, n, c)
  redis.call('HSET', KEYS[2], 'done', id, 'dn', n, 'dc', string.format('%.0f', c))
end

-- Nothing is committed: as before the first entry that is there.
local function begin()
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  local n, c, size
  if first then
    n, c, size = counters(first)
  end
  if n then
    note('0-0', n - 1, c - size)
  else
    local totals = redis.call('HMGET', KEYS[2], 'n', 'c')
    note('0-0', totals[1] or 0, totals[2] or 0)
  end
end

local begins, position = ARGV[2] == '1', ARGV[1]
local state = 'ok'
if begins and done and after(done, position) then
  state = 'ahead'
end

if position == '0-0' then
  if begins then
    begin()
  end
  return state
end

local entry = redis.call('XRANGE', KEYS[1], position, position)[1]
if not entry then
  if begins then
    begin()
  end
  return 'rewound'
end

local n, c = counters(entry)
if n then
  note(position, n, c)
else
  redis.call('HSET', KEYS[2], 'done', position)
end
if not begins and last ~= position then
  redis.call('PUBLISH', ARGV[3], '')
end
return state
