# SPDX-License-Identifier: MIT
# index-ruby.rb IN OUT: gems, and an index of them, in OUT from unpacked Debian packages in IN. What
# Debian compiled stays compiled, except where IN has the sources beside it, in <name>-source.
require "rubygems/package"
require "rubygems/indexer"
require "fileutils"
require "tmpdir"

# The versions of examples/ruby/Gemfile.lock: Debian's security updates move on.
VERSIONS = { "rack" => "2.2.22", "puma" => "5.6.5", "nio4r" => "2.5.8", "rake" => "13.0.6" }.freeze

def gem_files(dir, spec)
  root = Dir["#{dir}/usr/**/rubygems-integration/*/gems/#{spec.full_name}"].first
  FileUtils.cp_r("#{root}/.", ".") if root
  if File.directory?("#{dir.chomp("/")}-source")
    FileUtils.cp_r("#{dir.chomp("/")}-source/ext", ".")
  else
    Dir["#{dir}/usr/**/extensions/*/*/#{spec.full_name}"].each { |built| FileUtils.cp_r("#{built}/.", "lib") }
    spec.extensions = []
  end
  Dir["**/*"].select { |file| File.file?(file) }
end

def build(file, into)
  dir = file[%r{^.*?/(?=usr/)}]
  spec = Gem::Specification.load(file)
  Dir.mktmpdir do |scratch|
    Dir.chdir(scratch) do
      spec.files = gem_files(dir, spec)
      spec.version = VERSIONS.fetch(spec.name)
      spec.date = Time.at(0)
      FileUtils.mv(Gem::Package.build(spec, true), into)
    end
  end
end

source, target = ARGV
FileUtils.mkdir_p("#{target}/gems")
Dir["#{source}/**/specifications/*.gemspec"].each { |file| build(file, "#{target}/gems") }
Gem::Indexer.new(target, build_modern: true).generate_index
