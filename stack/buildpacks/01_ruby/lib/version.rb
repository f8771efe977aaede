# SPDX-License-Identifier: MIT
# What the Gemfile asks of Ruby, when this Ruby is not it: "wanted<tab>here". Nothing when it is.
# `ruby file: "..."` is newer than the Bundler here, so that file is read by hand.
require "bundler"

wanted = Bundler::Dsl.evaluate(Pathname("Gemfile"), Pathname("Gemfile.lock"), {}).ruby_version
here = Bundler::RubyVersion.system
file = File.read("Gemfile")[/^\s*ruby\s*\(?\s*file:\s*["']([^"']+)["']/, 1]

if file
	version = File.read(file)[/\d+(\.\d+)+/]
	puts "#{version} (#{file})\t#{RUBY_VERSION}" if version && version != RUBY_VERSION
elsif wanted && (difference = wanted.diff(here))
	_, expected, actual = difference
	puts "#{expected}\t#{actual}"
end
