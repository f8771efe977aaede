# SPDX-License-Identifier: MIT
# A small Rack program: greets, and says when it is ready.
hello = lambda do |_env|
  [200, { "Content-Type" => "text/plain" }, ["#{ENV.fetch("GREETING", "Hello")} from Ruby!\n"]]
end

ready = ->(_env) { [200, { "Content-Type" => "text/plain" }, ["ready\n"]] }

map("/ready") { run ready }
map("/") { run hello }
