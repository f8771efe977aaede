#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A stand-in for the lifecycle of Cloud Native Buildpacks: analyzer, detector, restorer, builder and
# exporter in one, chosen by the name it is called by. It does what the platform interface says and
# fails wherever it is called otherwise: an argument, a file, a user, an owner, a variable. Images are
# really looked at and made, through the engine's socket.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Basename qw(basename dirname);
use File::Find ();
use File::Path qw(make_path);
use IO::Socket::UNIX;
use JSON::PP;

my $SOCKET = '/var/run/docker.sock';
my $JSON   = JSON::PP->new->canonical;
my $phase  = basename($0);
my $owner;    # of what is exported

sub fail {
	my ($code, $text) = @_;
	print STDERR "ERROR: $text\n";
	exit $code;
}

# --- files ---

sub slurp {
	my ($path) = @_;
	open my $fh, '<', $path or fail(1, "read $path: $!");
	local $/;
	my $text = <$fh>;
	return defined $text ? $text : '';
}

sub spill {
	my ($path, $text) = @_;
	make_path(dirname($path));
	open my $fh, '>', $path or fail(1, "write $path: $!");
	print $fh $text;
	close $fh or fail(1, "write $path: $!");
}

sub run {
	system(@_) == 0 or fail(1, "failed: @_");
}

# --- TOML, as far as the files of this interface use it ---

sub toml_value {
	my ($text) = @_;
	return $1 eq 'true' ? 1 : 0 if $text =~ /^(true|false)$/;
	if ($text =~ /^"((?:[^"\\]|\\.)*)"$/) {
		my $s = $1;
		$s =~ s/\\u([0-9a-fA-F]{4})/chr hex $1/ge;
		$s =~ s/\\(["\\])/$1/g;
		return $s;
	}
	if ($text =~ /^\[(.*)\]$/) {
		my $list = $1;
		return [map { toml_value($_) } $list =~ /("(?:[^"\\]|\\.)*")/g];
	}
	fail(1, "not understood: $text");
}

sub toml_read {
	my ($path) = @_;
	my $root = {};
	my $at   = $root;
	for my $line (split /\n/, slurp($path)) {
		if ($line =~ /^\s*(?:#.*)?$/) {
			next;
		} elsif ($line =~ /^\[(\[?)([\w.-]+)\]\]?$/) {
			my ($list, @names) = ($1, split /\./, $2);
			my $last = pop @names;
			$at = $root;
			for my $name (@names) {
				$at = $at->{$name} //= {};
				$at = $at->[-1] if ref $at eq 'ARRAY';
			}
			if ($list) {
				push @{ $at->{$last} }, {};
				$at = $at->{$last}[-1];
			} else {
				$at = $at->{$last} //= {};
			}
		} elsif ($line =~ /^\s*([\w-]+) = (.*)$/) {
			$at->{$1} = toml_value($2);
		} else {
			fail(1, "$path: not understood: $line");
		}
	}
	return $root;
}

sub quote {
	my ($s) = @_;
	$s =~ s/(["\\])/\\$1/g;
	return "\"$s\"";
}

sub quotes {
	return '[' . join(', ', map { quote($_) } @{ $_[0] }) . ']';
}

# --- the engine ---

my $engine;

sub engine_open {
	$engine = sub {
		my $s = IO::Socket::UNIX->new(Peer => $SOCKET) or fail(1, "the engine's socket: $!");
		return $s;
	};
	engine('GET', '/_ping');
}

my @kept;    # connections made while still root

# Root's connections stay open, as the real one's client does; the socket is not everybody's.
sub engine_keep {
	push @kept, $engine->() for 1 .. 6;
	$engine = sub { shift @kept or fail(1, 'too many requests for a stand-in') };
}

# Status and body. Every request has a connection of its own.
sub engine {
	my ($method, $path, $body, $type) = @_;
	my $s = $engine->();
	$body //= '';
	print $s "$method $path HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n"
	  . ($type ? "Content-Type: $type\r\n" : '')
	  . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
	$s->flush;
	local $/;
	my $answer = <$s>;
	my ($head, $rest) = split /\r\n\r\n/, $answer, 2;
	my ($status) = $head =~ m{^HTTP/1\.1 (\d+)} or fail(1, 'no answer of the engine');
	if ($head =~ /chunked/i) {
		my $all = '';
		while ($rest =~ s/^([0-9a-fA-F]+)\r\n//) {
			my $n = hex $1 or last;
			$all .= substr $rest, 0, $n;
			$rest = substr $rest, $n + 2;
		}
		$rest = $all;
	}
	return ($status, $rest);
}

# What it tells about an image; undef when there is none.
sub image {
	my ($name) = @_;
	my ($status, $body) = engine('GET', "/images/$name/json");
	return undef if $status == 404;
	fail(1, "image $name: status $status") if $status != 200;
	return $JSON->decode($body);
}

sub label {
	my ($image, $name) = @_;
	my $text = $image && $image->{Config}{Labels}{$name};
	return $text ? $JSON->decode($text) : {};
}

# --- arguments ---

my ($api) = ($ENV{CNB_PLATFORM_API} // '') =~ /^0\.(\d+)$/ or fail(11, 'CNB_PLATFORM_API is not set');
my %known = map { $_ => 1 } split ' ', slurp('/cnb/lifecycle/platform-apis');
$known{"0.$api"} or fail(11, "platform API 0.$api is not supported");

my %flags = (
	analyzer => { qw(analyzed 1 cache-image 1 gid 1 layers 1 log-level 1 previous-image 1 run-image 1 tag 1 uid 1 daemon 0) },
	detector => { qw(app 1 buildpacks 1 group 1 layers 1 log-level 1 order 1 plan 1 platform 1) },
	restorer => { qw(analyzed 1 cache-dir 1 cache-image 1 gid 1 group 1 layers 1 log-level 1 skip-layers 0 uid 1) },
	builder  => { qw(app 1 buildpacks 1 group 1 layers 1 log-level 1 plan 1 platform 1) },
	exporter => { qw(analyzed 1 app 1 cache-dir 1 cache-image 1 daemon 0 gid 1 group 1 launch-cache 1 launcher 1 layers 1
		  log-level 1 process-type 1 project-metadata 1 report 1 uid 1) },
);
my $allowed = $flags{$phase} or fail(3, "no such phase: $phase");
if ($phase eq 'analyzer' || $phase eq 'exporter') {
	$allowed->{ $api < 12 ? 'stack' : 'run' } = 1;
}
@$allowed{qw(launch-cache skip-layers)} = (1, 0) if $phase eq 'analyzer' && $api >= 9;
$allowed->{daemon} = 0 if $phase eq 'restorer' && $api >= 12;

my %opt = (layers => '/layers', app => '/workspace', platform => '/platform');
my @tags;
while (@ARGV && $ARGV[0] =~ /^--?([\w-]+)(?:=(.*))?$/s) {
	my ($name, $value) = ($1, $2);
	shift @ARGV;
	exists $allowed->{$name} or fail(3, "flag provided but not defined: -$name");
	if ($allowed->{$name}) {
		$value //= shift @ARGV // fail(3, "flag needs an argument: -$name");
		$name eq 'tag' ? push @tags, $value : ($opt{$name} = $value);
	} else {
		$opt{$name} = 1;
	}
}
my $layers = $opt{layers};

# --- users ---

sub need_dir {
	my ($dir) = @_;
	-d $dir or fail(1, "$dir is no folder");
	my ($dev)    = stat $dir;
	my ($parent) = stat dirname($dir);
	$dev ne $parent || slurp('/proc/mounts') =~ m{ \Q$dir\E } or fail(1, "$dir is no volume");
}

# Root prepares folders and connections, then goes on as the builder's user.
sub become_user {
	my (@owned) = @_;
	my $uid = $opt{uid} // $ENV{CNB_USER_ID}  // fail(3, 'the user is not known');
	my $gid = $opt{gid} // $ENV{CNB_GROUP_ID} // fail(3, 'the group is not known');
	$> == 0 or fail(1, "$phase must begin as root");
	for my $dir (@owned) {
		need_dir($dir);
		run('chown', '-R', "$uid:$gid", $dir);
	}
	if ($opt{daemon}) {
		engine_open();
		engine_keep();
	} elsif (-e $SOCKET) {
		fail(1, 'sees the engine without need');
	}
	$) = "$gid $gid";
	($(, $<, $>) = ($gid, $uid, $uid);
	$> == $uid && $< == $uid or fail(1, "cannot become user $uid");
	$owner = "$uid:$gid";
}

sub need_unprivileged {
	$> != 0 or fail(1, 'refusing to run as root');
	!-e $SOCKET or fail(1, 'code of buildpacks would see the engine');
	"$>" eq ($ENV{CNB_USER_ID} // '') or fail(1, 'not the user of the builder');
	slurp('/proc/self/status') =~ /^NoNewPrivs:\s*1$/m or fail(1, 'privileges could be gained');
	need_dir($layers);
	need_dir($opt{app});
	my $owner = (stat $opt{app})[4];
	$owner == $> or fail(1, "$opt{app} belongs to user $owner");
	-w $layers && -w $opt{app} or fail(1, 'cannot write to the layers or the app');
	-r "$opt{platform}/env" && -d _ or fail(1, "$opt{platform}/env is no folder that can be read");
}

# --- analyze ---

sub analyze {
	@ARGV == 1 or fail(3, 'received ' . @ARGV . ' arguments, but expected 1');
	$opt{daemon} or fail(3, 'this stand-in knows no registry');
	need_dir($opt{'launch-cache'}) if $opt{'launch-cache'};
	become_user($layers, $opt{'launch-cache'} // ());
	my $file = $opt{run} // $opt{stack} // fail(3, 'no file of run images');
	my $run = toml_read($file);
	my $known = $api < 12 ? $run->{'run-image'} : $run->{images}[0];
	my $name = $opt{'run-image'} // $known->{image} // fail(32, 'no run image');
	my $image = image($name) or fail(32, "run image $name is not there");
	my $previous = image($opt{'previous-image'} // $ARGV[0]);
	print $previous ? "Restoring data for SBOM from previous image\n" : "Image with name \"$ARGV[0]\" not found\n";
	my $metadata = $opt{'skip-layers'} ? {} : label($previous, 'io.buildpacks.lifecycle.metadata');
	$metadata->{previous} = $previous ? $previous->{Id} : '';
	spill("$layers/analyzed.json", $JSON->encode($metadata));
	spill("$layers/analyzed.toml",
		"[run-image]\nimage = " . quote($name) . "\nreference = " . quote($image->{Id}) . "\n");
}

# --- detect ---

# The variables of the user, as buildpacks get them.
sub user_env {
	my %env = (PATH => '/usr/local/bin:/usr/bin:/bin', HOME => $ENV{HOME} // '/');
	for my $file (glob "$opt{platform}/env/*") {
		my $name = basename($file);
		$name =~ /^[A-Za-z_]\w*$/ or fail(1, "no name of a variable: $name");
		$env{$name} = slurp($file);
	}
	return %env;
}

sub buildpack_dir {
	my ($bp) = @_;
	my $dir = ($opt{buildpacks} // '/cnb/buildpacks') . "/$bp->{id}/$bp->{version}";
	$dir =~ s{(buildpacks/)([^/]+)/([^/]+)/}{$1$2_$3/};
	-x "$dir/bin/build" or fail(1, "no buildpack $bp->{id}\@$bp->{version}");
	return $dir;
}

sub detect {
	@ARGV == 0 or fail(3, 'received unexpected arguments');
	need_unprivileged();
	my $path = $opt{order} // (-e "$layers/order.toml" ? "$layers/order.toml" : '/cnb/order.toml');
	my $order = toml_read($path)->{order} or fail(22, "$path has no order");
	my $errors = 0;
	chdir $opt{app} or fail(1, "$opt{app}: $!");
	for my $entry (@$order) {
		my @group;
		my $fits = 1;
		for my $bp (@{ $entry->{group} }) {
			my $dir = buildpack_dir($bp);
			my $plan = "$layers/plan.$bp->{version}";
			spill($plan, '');
			local %ENV = (user_env(), CNB_BUILDPACK_DIR => $dir, CNB_PLATFORM_DIR => $opt{platform}, CNB_BUILD_PLAN_PATH => $plan);
			my $code = system("$dir/bin/detect", $opt{platform}, $plan) >> 8;
			print +($code == 0 ? 'pass' : $code == 100 ? 'fail' : 'err') . ": $bp->{id}\@$bp->{version}\n";
			if ($code == 0) {
				push @group, $bp;
			} else {
				$errors++ if $code != 100;
				$fits = 0 unless $bp->{optional};
			}
		}
		next unless $fits && @group;
		spill("$layers/group.toml", join '', map { "[[group]]\nid = " . quote($_->{id}) . "\nversion = " . quote($_->{version}) . "\napi = \"0.10\"\n" } @group);
		spill("$layers/plan.toml", '');
		return;
	}
	print "======== Results ========\nNo buildpack groups passed detection.\n";
	exit($errors ? 21 : 20);
}

# --- layers ---

sub group {
	-e "$layers/group.toml" or fail(1, 'no group was detected');
	return @{ toml_read("$layers/group.toml")->{group} };
}

sub escaped {
	my ($id) = @_;
	$id =~ s{/}{_}g;
	return $id;
}

# [name, types and metadata, folder] of each layer of a buildpack.
sub layers_of {
	my ($bp) = @_;
	my $dir = "$layers/" . escaped($bp->{id});
	return map {
		my $name = basename($_, '.toml');
		$name eq 'launch' || $name eq 'store' || $name eq 'build' ? () : [$name, toml_read($_), "$dir/$name"]
	} sort glob "$dir/*.toml";
}

sub layer_toml {
	my ($layer) = @_;
	my $text = "[types]\n" . join '', map { "$_ = " . ($layer->{$_} ? 'true' : 'false') . "\n" } qw(build cache launch);
	my $data = $layer->{data} // {};
	$text .= "[metadata]\n" . join '', map { "$_ = " . quote($data->{$_}) . "\n" } sort keys %$data;
	return $text;
}

# --- restore ---

sub restore {
	@ARGV == 0 or fail(3, 'received unexpected Args');
	my $cache = $opt{'cache-dir'} or fail(3, 'no cache');
	$api < 12 || $opt{daemon} or fail(3, 'the run image cannot be looked at');
	become_user($layers, $cache);
	my $analyzed = $JSON->decode(slurp("$layers/analyzed.json"));
	return if $opt{'skip-layers'};
	for my $bp (group()) {
		my $dir = "$layers/" . escaped($bp->{id});
		my ($old) = grep { $_->{key} eq $bp->{id} } @{ $analyzed->{buildpacks} // [] };
		my %kept = %{ $old->{layers} // {} };
		for my $name (sort keys %kept) {
			next if $kept{$name}{build} || $kept{$name}{cache};    # only with its content
			spill("$dir/$name.toml", layer_toml({ data => $kept{$name}{data} }));
			print "Restoring metadata for \"$bp->{id}:$name\" from app image\n";
		}
		for my $file (glob "$cache/" . escaped($bp->{id}) . '/*.json') {
			my $layer = $JSON->decode(slurp($file));
			my $name  = basename($file, '.json');
			next if $layer->{launch} && ($kept{$name}{sha} // '') ne $layer->{sha};
			spill("$dir/$name.toml", layer_toml({ data => $layer->{data} }));
			(my $tar = $file) =~ s/json$/tar/;
			run('tar', '-C', $dir, '-xf', $tar);
			print "Restoring data for \"$bp->{id}:$name\" from cache\n";
		}
	}
}

# --- build ---

sub build {
	@ARGV == 0 or fail(3, 'received unexpected arguments');
	need_unprivileged();
	my (@processes, $default);
	chdir $opt{app} or fail(1, "$opt{app}: $!");
	for my $bp (group()) {
		my $dir = "$layers/" . escaped($bp->{id});
		make_path($dir);
		my $from = buildpack_dir($bp);
		local %ENV = (user_env(), CNB_BUILDPACK_DIR => $from, CNB_LAYERS_DIR => $dir, CNB_PLATFORM_DIR => $opt{platform},
			CNB_BP_PLAN_PATH => "$layers/plan.toml", CNB_TARGET_OS => 'linux');
		system("$from/bin/build", $dir, $opt{platform}, "$layers/plan.toml") == 0
		  or fail(51, 'failed to build: exit status ' . ($? >> 8));
		push @processes, @{ toml_read("$dir/launch.toml")->{processes} // [] } if -e "$dir/launch.toml";
	}
	spill("$layers/config/metadata.toml", join '',
		map { "[[processes]]\ntype = " . quote($_->{type}) . "\ncommand = " . quotes($_->{command}) . "\ndefault = " . ($_->{default} ? 'true' : 'false') . "\n" } @processes);
}

# --- export ---

my @root;    # files of the image: [name, mode, content or undef, link]

sub add_tree {
	my ($from, $to) = @_;
	File::Find::find({ no_chdir => 1, wanted => sub {
		my $rest = substr $_, length $from;
		my @st = lstat $_;
		push @root, ["$to$rest", $st[2] & 07777, -d _ ? undef : -l _ ? '' : slurp($_), -l _ ? readlink $_ : undef];
	} }, $from);
}

sub tar_entry {
	my ($name, $mode, $content, $link) = @_;
	my ($uid, $gid) = $name =~ m{^cnb/} ? (0, 0) : split /:/, $owner;
	my $type = defined $link ? '2' : defined $content ? '0' : '5';
	length $name <= 100 or fail(1, "name too long for a stand-in: $name");
	my $head = pack 'a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a247', $name, sprintf('%07o', $mode), sprintf('%07o', $uid), sprintf('%07o', $gid),
	  sprintf('%011o', length($content // '')), sprintf('%011o', 0), ' ' x 8, $type, $link // '', "ustar\0", '00', '';
	substr $head, 148, 8, sprintf("%06o\0 ", unpack '%32C*', $head);
	my $body = $content // '';
	return $head . $body . "\0" x (-length($body) % 512);
}

# Layers that the buildpacks left with content, or in the image before.
sub export_layers {
	my ($lines, $previous) = @_;
	my @buildpacks;
	for my $bp (group()) {
		my %seen;
		for my $layer (layers_of($bp)) {
			my ($name, $toml, $dir) = @$layer;
			my $types = $toml->{types} // {};
			next unless $types->{launch};
			my $data = $toml->{metadata} // {};
			$seen{$name} = { data => $data, sha => sha256_hex($JSON->encode([$bp->{id}, $name, $data])),
				map { $_ => $types->{$_} ? JSON::PP::true : JSON::PP::false } qw(build cache launch) };
			if (-d $dir) {
				add_tree($dir, substr $dir, 1);
				print "Adding layer '$bp->{id}:$name'\n";
			} else {
				$previous or fail(62, "layer $name has neither content nor an image before");
				push @$lines, "COPY --from=$previous --chown=$owner $dir $dir";
				print "Reusing layer '$bp->{id}:$name'\n";
			}
		}
		push @buildpacks, { key => $bp->{id}, version => $bp->{version}, layers => \%seen };
	}
	return \@buildpacks;
}

sub export_cache {
	my ($cache) = @_;
	run('sh', '-c', 'rm -rf "$1"/*', 'sh', $cache);
	for my $bp (group()) {
		for my $layer (layers_of($bp)) {
			my ($name, $toml, $dir) = @$layer;
			my $types = $toml->{types} // {};
			next unless $types->{cache} && -d $dir;
			my $to = "$cache/" . escaped($bp->{id});
			my $data = $toml->{metadata} // {};
			spill("$to/$name.json", $JSON->encode({ data => $data, sha => sha256_hex($JSON->encode([$bp->{id}, $name, $data])), launch => $types->{launch} ? 1 : 0 }));
			run('tar', '-C', dirname($dir), '-cf', "$to/$name.tar", $name);
			print "Adding cache layer '$bp->{id}:$name'\n";
		}
	}
}

# The script launcher reads lines of type and command; the real one reads config/metadata.toml.
sub processes_text {
	return join '', map { my $p = $_; join("\t", $p->{type}, @{ $p->{command} }) . "\n" } @_;
}

sub json_line {
	my ($value) = @_;
	my $text = $JSON->encode($value);
	$text =~ s/(["\\\$])/\\$1/g;
	return "\"$text\"";
}

sub export {
	@ARGV or fail(3, 'at least one image argument is required');
	$opt{daemon} or fail(3, 'this stand-in knows no registry');
	-d '/cache' && $opt{'cache-dir'} && $opt{'launch-cache'} or fail(3, 'no caches');
	become_user($opt{'cache-dir'}, $opt{'launch-cache'});
	(-e ($opt{run} // $opt{stack} // fail(3, 'no file of run images'))) or fail(3, 'the file of run images is gone');
	-e "$layers/project-metadata.toml" or fail(3, 'no project metadata');
	my $run = toml_read("$layers/analyzed.toml")->{'run-image'};
	my $analyzed = $JSON->decode(slurp("$layers/analyzed.json"));
	my @processes = @{ toml_read("$layers/config/metadata.toml")->{processes} // [] };
	my $entry = '/cnb/lifecycle/launcher';
	if (defined(my $type = $opt{'process-type'})) {
		grep { $_->{type} eq $type } @processes or fail(62, "tried to set $type to default but it doesn't exist");
		$entry = "/cnb/process/$type";
	}
	my $base = image($run->{reference}) or fail(62, 'the run image is gone');
	my ($path) = map { /^PATH=(.*)/ ? $1 : () } @{ $base->{Config}{Env} // [] };
	my @lines = ("FROM $run->{reference}");
	my $buildpacks = export_layers(\@lines, $analyzed->{previous});
	add_tree($opt{app}, substr $opt{app}, 1);
	push @root, [substr("$layers/config/metadata.toml", 1), 0644, slurp("$layers/config/metadata.toml")],
	  [substr("$layers/config/processes", 1), 0644, processes_text(@processes)], ['cnb/lifecycle/launcher', 0755, slurp('/cnb/lifecycle/launcher')],
	  map { ["cnb/process/$_->{type}", 0777, '', '/cnb/lifecycle/launcher'] } @processes;
	push @lines, 'ADD root.tar /',
	  "ENV CNB_LAYERS_DIR=$layers CNB_APP_DIR=$opt{app} CNB_PLATFORM_API=0.$api PATH=/cnb/process:/cnb/lifecycle:" . ($path // '/bin'),
	  "WORKDIR $opt{app}", 'ENTRYPOINT ' . $JSON->encode([$entry]),
	  'LABEL io.buildpacks.lifecycle.metadata=' . json_line({ buildpacks => $buildpacks, runImage => $run })
	  . ' io.buildpacks.build.metadata=' . json_line({ processes => \@processes, buildpacks => [map { { id => $_->{id}, version => $_->{version} } } group()] })
	  . ' io.buildpacks.project.metadata=' . json_line(toml_read("$layers/project-metadata.toml"))
	  . ' created-at=' . ($ENV{SOURCE_DATE_EPOCH} // 'never');
	my $context = tar_entry('Dockerfile', 0644, join("\n", @lines) . "\n") . tar_entry('root.tar', 0644, join '', map { tar_entry(@$_) } @root);
	my $names = join '&', map { "t=$_" } @ARGV;
	my ($status, $body) = engine('POST', "/build?forcerm=1&$names", $context . "\0" x 1024, 'application/x-tar');
	fail(62, "the image could not be made: $body") if $status != 200 || $body =~ /errorDetail/;
	print "*** Images:\n", map { "      $_\n" } @ARGV;
	spill("$layers/report.toml", "[image]\ntags = " . quotes(\@ARGV) . "\n");
	export_cache($opt{'cache-dir'});
}

$| = 1;
{ analyzer => \&analyze, detector => \&detect, restorer => \&restore, builder => \&build, exporter => \&export }->{$phase}->();
