# SPDX-License-Identifier: MIT
# Four lines: this Ruby's version, the one in names of folders, Bundler's version, and, when this Ruby is
# not the one that the Gemfile asks for, "wanted<tab>here". In the app's folder.
# `ruby file: "..."` is newer than some Bundlers, so that file is read by hand.
require "bundler"

begin
  wanted = Bundler::Dsl.evaluate(Pathname("Gemfile"), Pathname("Gemfile.lock"), {}).ruby_version
rescue Bundler::BundlerError => e
  abort e.message
end
here = Bundler::RubyVersion.system
file = File.read("Gemfile")[/^\s*ruby\s*\(?\s*file:\s*["']([^"']+)["']/, 1]

if file
  version = File.read(file)[/\d+(\.\d+)+/]
  unmet = "#{version} (#{file})\t#{RUBY_VERSION}" if version && version != RUBY_VERSION
elsif wanted && (difference = wanted.diff(here))
  _, expected, actual = difference
  unmet = "#{expected}\t#{actual}"
end
puts RUBY_VERSION, RbConfig::CONFIG["ruby_version"], Bundler::VERSION, unmet
