#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# resource: limits and reservations, and that containers and builds are held to them.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
	export DIR=$BATS_FILE_TMPDIR/app
	http_app "$DIR" v1
	printf 'web: /bin/http-server\nworker: sleep 1000\n' >"$DIR/Procfile"
	git_commit "$DIR" procfile
	dokku apps:create shop
	dokku checks:skip shop
	dokku ps:scale shop worker=1
	git_push "$DIR" shop
}

teardown_file() {
	teardown_instance
}

plugn() {
	in_instance "$INST/bin/plugn" trigger "$@"
}

# of PROCESS FORMAT: what the engine says of the container that runs as PROCESS.1
of() {
	docker_lab inspect -f "$2" "$(cat "$INST/home/shop/CONTAINER.$1.1")"
}

no_limits() {
	dokku resource:limit-clear shop
}

MIB=1048576
# Read in containers: what the kernel keeps to, with either version of control groups.
MEMORY='cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
QUOTA='cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d " " -f 1 /sys/fs/cgroup/cpu.max'

# proves golden: command resource:limit, command resource:reserve, report resource:report/--resource-<proc>.<limit|reserve>.<key>
@test "limits are set, shown and cleared one by one" {
	no_limits
	run dokku resource:limit shop --memory 100 --cpu 2
	assert_output "=====> Setting resource limits for shop
       cpu: 2
       memory: 100"
	run dokku resource:limit --process-type worker --network 10 shop
	assert_output "=====> Setting resource limits for shop (worker)
       network: 10"
	run dokku resource:limit shop
	assert_output "=====> resource limits shop information [defaults]
       cpu: 2
       memory: 100
       memory-swap: 
       network: 
       network-ingress: 
       network-egress: 
       nvidia-gpu: "
	run dokku resource:limit shop --process-type worker
	assert_line "=====> resource limits shop information (worker)"
	assert_line "       network: 10"
	run dokku resource:limit shop --cpu clear
	assert_output "=====> Setting resource limits for shop
       cpu: cleared"
	run dokku resource:reserve shop --process-type web --memory 32
	assert_output "=====> Setting resource reservation for shop (web)
       memory: 32"
	run dokku resource:reserve shop --process-type web
	assert_line "=====> resource reservation shop information (web)"
	assert_line "       memory: 32"
	run dokku resource:report shop
	assert_output "=====> shop resource information
       resource _default_ limit memory: 100
       resource web reserve memory:     32
       resource worker limit network:   10"
	run dokku resource:report shop --resource-web.reserve.memory
	assert_output 32
	run dokku resource:report shop --format json
	assert_output '{"_default_.limit.memory":"100","resource-_default_.limit.memory":"100","resource-web.reserve.memory":"32","resource-worker.limit.network":"10","web.reserve.memory":"32","worker.limit.network":"10"}'
}

# proves golden: command resource:limit-clear, command resource:reserve-clear
@test "clearing takes those of a process type, or without one everything" {
	no_limits
	dokku resource:limit shop --memory 100
	dokku resource:limit shop --process-type worker --memory 200
	dokku resource:reserve shop --process-type worker --memory 50
	run dokku resource:limit-clear shop --process-type worker
	assert_output "=====> clearing shop limits (worker)"
	run dokku resource:report shop
	assert_output "=====> shop resource information
       resource _default_ limit memory: 100
       resource worker reserve memory:  50"
	run dokku resource:reserve-clear shop --process-type worker
	assert_output "=====> clearing shop reservation (worker)"
	run dokku resource:reserve-clear shop
	assert_output "=====> clearing shop reservation"
	run dokku resource:report shop
	assert_output "=====> shop resource information"
}

@test "values that docker cannot read are refused" {
	no_limits
	local rows=("--cpu many" "--memory lots" "--memory 1mm" "--memory-swap -2" "--nvidia-gpu a b" "--process-type ../x --cpu 1")
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086 # words
		run dokku resource:limit shop $row
		assert_failure
	done
	run dokku resource:limit shop --memory lots
	assert_output ' !     Invalid value for memory: "lots" (such as 512m or 2g; MiB without a unit)'
	run dokku resource:report shop
	assert_output "=====> shop resource information"
}

# proves effect: property resource/<proc|_default_>.limit.cpu, property resource/<proc|_default_>.limit.memory, property resource/<proc|_default_>.limit.memory-swap, property resource/<proc|_default_>.reserve.memory, trigger docker-args-process-deploy
@test "containers are held to the limits of their process type, else to those of all" {
	no_limits
	dokku resource:limit shop --cpu 1.5 --memory 64
	dokku resource:limit shop --process-type worker --memory 96m --memory-swap 128m
	dokku resource:reserve shop --process-type web --memory 32m
	run dokku ps:restart shop
	assert_success
	assert_equal "$(of web '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemoryReservation}}')" \
		"1500000000 $((64 * MIB)) $((32 * MIB))"
	assert_equal "$(of worker '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}}')" \
		"1500000000 $((96 * MIB)) $((128 * MIB)) 0"
	# The kernel keeps to it: what takes more is killed, and the app serves on.
	run docker_lab exec "$(web_container shop)" dd if=/dev/zero of=/dev/null bs=200M count=1
	assert_failure
	assert_http shop.example.test / 200 v1
	run plugn docker-args-process-deploy shop dockerfile latest worker 1
	assert_output --partial " --cpus=1.5  --memory=96m  --memory-swap=128m "
	run plugn resource-get-property shop worker limit memory
	assert_output 96m
	run plugn resource-get-property shop worker limit memory-swap
	assert_output 128m
	run plugn resource-get-property shop worker limit cpu
	assert_output 1.5
	run plugn resource-get-property shop worker reserve memory
	assert_output ""
	no_limits
	run dokku ps:restart shop
	assert_equal "$(of web '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}')" "0 0"
}

# proves golden: property resource/<proc|_default_>.limit.nvidia-gpu
@test "GPUs are asked of docker" {
	no_limits
	dokku resource:limit shop --process-type worker --nvidia-gpu 2
	run plugn docker-args-process-deploy shop dockerfile latest worker 1
	assert_output --partial " --gpus=2 "
	run plugn docker-args-process-deploy shop dockerfile latest web 1
	refute_output --partial "--gpus"
	run plugn resource-get-property shop worker limit nvidia-gpu
	assert_output 2
}

# proves golden: property resource/<proc|_default_>.limit.network, property resource/<proc|_default_>.limit.network-egress, property resource/<proc|_default_>.limit.network-ingress, property resource/<proc|_default_>.reserve.cpu, property resource/<proc|_default_>.reserve.memory-swap, property resource/<proc|_default_>.reserve.network, property resource/<proc|_default_>.reserve.network-egress, property resource/<proc|_default_>.reserve.network-ingress, property resource/<proc|_default_>.reserve.nvidia-gpu, trigger resource-get-property
@test "what docker has no flag for is kept for other schedulers" {
	no_limits
	dokku resource:limit shop --network 10 --network-egress 11 --network-ingress 12
	dokku resource:reserve shop --cpu 1 --memory-swap 20m --network 21 --network-egress 22 --network-ingress 23 --nvidia-gpu 24
	run plugn docker-args-process-deploy shop dockerfile latest web 1
	refute_output --partial "network-"
	refute_output --partial "--cpus"
	refute_output --partial "--gpus"
	refute_output --partial "--memory"
	while read -r kind name value; do
		run plugn resource-get-property shop web "$kind" "$name"
		assert_output "$value"
	done <<-ROWS
		limit network 10
		limit network-egress 11
		limit network-ingress 12
		reserve cpu 1
		reserve memory-swap 20m
		reserve network 21
		reserve network-egress 22
		reserve network-ingress 23
		reserve nvidia-gpu 24
	ROWS
}

@test "one-off containers are limited, too, and may have limits of their own" {
	no_limits
	dokku resource:limit shop --memory 64m
	run dokku run shop sh -c "$MEMORY"
	assert_output $((64 * MIB))
	dokku resource:limit shop --process-type run --memory 80m
	run dokku run shop sh -c "$MEMORY"
	assert_output $((80 * MIB))
	dokku resource:limit shop --process-type cron --memory 48m
	run dokku run --cron-id a-task shop sh -c "$MEMORY"
	assert_output $((48 * MIB))
	dokku resource:limit shop --process-type run --memory 0
	run dokku run:detached shop sleep 100
	assert_success
	assert_equal "$(docker_lab inspect -f '{{.HostConfig.Memory}}' "${lines[-1]}")" 0
	docker_lab rm -f "${lines[-1]}"
}

# proves effect: trigger docker-args-process-build
@test "a build is held to its limits: one that takes more dies, and the app serves on" {
	no_limits
	local dir=$BATS_TEST_TMPDIR/build
	cp -r "$DIR" "$dir"
	dokku resource:limit shop --process-type build --memory 64m --cpu 0.5
	run plugn docker-args-process-build shop dockerfile
	assert_output --partial " --memory=64m "
	refute_output --partial "--cpus"
	cat >"$dir/Dockerfile" <<-DOCKER
		FROM moorage-lab/http:1
		COPY VERSION /app/VERSION
		RUN { $MEMORY; } >/app/limits; { $QUOTA; } >>/app/limits
	DOCKER
	push_version "$dir" shop v2 2>&1 | tee "$BATS_TEST_TMPDIR/out"
	grep -q "Building with Docker's classic builder, which keeps the limits" "$BATS_TEST_TMPDIR/out"
	assert_http shop.example.test / 200 v2
	assert_equal "$(docker_lab exec "$(web_container shop)" cat /app/limits | tr '\n' ' ')" "$((64 * MIB)) 50000 "
	echo 'RUN dd if=/dev/zero of=/dev/null bs=200M count=1' >>"$dir/Dockerfile"
	run push_version "$dir" shop v3
	assert_failure
	assert_output --partial 'The build ran out of its memory limit of 64m and was killed'
	assert_output --partial "Run 'dokku resource:limit --memory <size> --process-type build shop' to give it more"
	assert_http shop.example.test / 200 v2
	dokku resource:limit-clear shop
	run push_version "$dir" shop v4
	assert_success
	refute_output --partial "classic builder"
	assert_http shop.example.test / 200 v4
}

@test "a build in a container is held to its limits, which the message names" {
	"$LAB" images contract
	local dir=$BATS_TEST_TMPDIR/stack
	dokku apps:create boxed
	dokku ps:set boxed skip-deploy true
	as_dokku mkdir -p "$INST/lib/config/buildpacks/boxed"
	printf moorage-lab/contract:1 | as_dokku tee "$INST/lib/config/buildpacks/boxed/stack" >/dev/null
	dokku resource:limit boxed --process-type build --memory 64m --memory-swap 64m --cpu 0.5
	mkdir -p "$dir/bin"
	printf '#!/bin/sh\n%s\n%s\n' "$MEMORY" "$QUOTA" >"$dir/bin/compile"
	chmod +x "$dir/bin/compile"
	echo 'web: true' >"$dir/Procfile"
	git_app "$dir"
	run git_push "$dir" boxed
	assert_success
	assert_output --regexp "remote: +$((64 * MIB))"
	assert_output --regexp "remote: +50000"
	echo 'exec dd if=/dev/zero of=/dev/null bs=200M count=1' >>"$dir/bin/compile"
	run push_version "$dir" boxed v2
	assert_failure
	assert_output --partial 'The build ran out of its memory limit of 64.0 MB and was killed'
	assert_output --partial "Run 'dokku resource:limit --memory <size> --process-type build boxed' to give it more"
	assert_equal "$(containers_of boxed)" ''
	docker_lab volume rm "$LABEL.cache-boxed"
	dokku --force apps:destroy boxed
}

@test "a Dockerfile that needs BuildKit is built without limits, and that is said" {
	no_limits
	local dir=$BATS_TEST_TMPDIR/buildkit
	cp -r "$DIR" "$dir"
	dokku apps:create kit
	dokku checks:skip kit
	dokku resource:limit kit --process-type build --memory 64m
	printf 'FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\nRUN --mount=type=cache,target=/cache true\n' >"$dir/Dockerfile"
	run push_version "$dir" kit v5
	assert_success
	assert_output --partial "The limits of 'resource:limit --process-type build' have no effect"
	assert_http kit.example.test / 200 v5
}

@test "limits go along with a copied and a renamed app" {
	dokku apps:create parent
	dokku resource:limit parent --memory 77
	dokku apps:clone --skip-deploy parent child
	dokku apps:rename --skip-deploy child grandchild
	run dokku resource:report grandchild --resource-_default_.limit.memory
	assert_output 77
	dokku --force apps:destroy grandchild
	refute_file_exists "$INST/lib/config/resource/grandchild"
	refute_file_exists "$INST/lib/config/resource/child"
	dokku --force apps:destroy parent
}
