/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <string.h>

/*
 * The flags of `docker container create`, in the order of its help. Those left out on purpose:
 * --cidfile and --use-api-socket (the program itself writes a file, or reads its credentials),
 * --help, and what only Windows engines have.
 */
static const struct create_flag flags[] = {
	{ "add-host", set_add_host, "ExtraHosts", HOST },
	{ "annotation", set_map, "Annotations", HOST, .since = 43 },
	{ "attach", set_attach, .letter = 'a' },
	{ "blkio-weight", set_blkio_weight, "BlkioWeight", HOST },
	{ "blkio-weight-device", set_device_weight, "BlkioWeightDevice", HOST },
	{ "cap-add", set_cap, "CapAdd", HOST },
	{ "cap-drop", set_cap, "CapDrop", HOST },
	{ "cgroup-parent", set_text, "CgroupParent", HOST },
	{ "cgroupns", set_namespace, "CgroupnsMode", HOST, .since = 41 },
	{ "cpu-period", set_int, "CpuPeriod", HOST },
	{ "cpu-quota", set_int, "CpuQuota", HOST },
	{ "cpu-rt-period", set_int, "CpuRealtimePeriod", HOST },
	{ "cpu-rt-runtime", set_int, "CpuRealtimeRuntime", HOST },
	{ "cpu-shares", set_int, "CpuShares", HOST, .letter = 'c' },
	{ "cpus", set_cpus, "NanoCpus", HOST },
	{ "cpuset-cpus", set_text, "CpusetCpus", HOST },
	{ "cpuset-mems", set_text, "CpusetMems", HOST },
	{ "detach", set_switch, .letter = 'd', .is_bool = true, .run_only = true },
	{ "detach-keys", set_client_value, .run_only = true },
	{ "device", set_device, "Devices", HOST },
	{ "device-cgroup-rule", set_device_rule, "DeviceCgroupRules", HOST },
	{ "device-read-bps", set_device_rate, "BlkioDeviceReadBps", HOST },
	{ "device-read-iops", set_device_rate, "BlkioDeviceReadIOps", HOST },
	{ "device-write-bps", set_device_rate, "BlkioDeviceWriteBps", HOST },
	{ "device-write-iops", set_device_rate, "BlkioDeviceWriteIOps", HOST },
	{ "disable-content-trust", set_content_trust, .is_bool = true },
	{ "dns", set_dns, "Dns", HOST },
	{ "dns-opt", set_list, "DnsOptions", HOST },
	{ "dns-option", set_list, "DnsOptions", HOST },
	{ "dns-search", set_dns_search, "DnsSearch", HOST },
	{ "domainname", set_text, "Domainname" },
	{ "entrypoint", set_entrypoint, "Entrypoint" },
	{ "env", set_env, .letter = 'e' },
	{ "env-file", set_env_file },
	{ "expose", set_expose },
	{ "gpus", set_gpus, "DeviceRequests", HOST },
	{ "group-add", set_list, "GroupAdd", HOST },
	{ "health-cmd", set_health_cmd },
	{ "health-interval", set_health_duration, "Interval" },
	{ "health-retries", set_health_retries, "Retries" },
	{ "health-start-interval", set_health_duration, "StartInterval", .since = 44 },
	{ "health-start-period", set_health_duration, "StartPeriod" },
	{ "health-timeout", set_health_duration, "Timeout" },
	{ "hostname", set_text, "Hostname", .letter = 'h' },
	{ "init", set_bool, "Init", HOST, .is_bool = true },
	{ "interactive", set_interactive, .letter = 'i', .is_bool = true },
	{ "ip", set_ip },
	{ "ip6", set_ip },
	{ "ipc", set_text, "IpcMode", HOST },
	{ "isolation", set_text, "Isolation", HOST },
	{ "kernel-memory", set_kernel_memory, "KernelMemory", HOST },
	{ "label", set_label, .letter = 'l' },
	{ "label-file", set_env_file },
	{ "link", set_link, "Links", HOST },
	{ "link-local-ip", set_link_local },
	{ "log-driver", set_log_driver },
	{ "log-opt", set_log_opt },
	{ "mac-address", set_mac },
	{ "memory", set_size, "Memory", HOST, .letter = 'm' },
	{ "memory-reservation", set_size, "MemoryReservation", HOST },
	{ "memory-swap", set_swap, "MemorySwap", HOST },
	{ "memory-swappiness", set_swappiness, "MemorySwappiness", HOST },
	{ "mount", set_mount, "Mounts", HOST },
	{ "name", set_client_value },
	{ "net", set_network },
	{ "net-alias", set_alias },
	{ "network", set_network },
	{ "network-alias", set_alias },
	{ "no-healthcheck", set_no_health, .is_bool = true },
	{ "oom-kill-disable", set_bool, "OomKillDisable", HOST, .is_bool = true },
	{ "oom-score-adj", set_int, "OomScoreAdj", HOST },
	{ "pid", set_namespace, "PidMode", HOST },
	{ "pids-limit", set_int, "PidsLimit", HOST },
	{ "platform", set_platform },
	{ "privileged", set_bool, "Privileged", HOST, .is_bool = true },
	{ "publish", set_publish, .letter = 'p' },
	{ "publish-all", set_bool, "PublishAllPorts", HOST, .letter = 'P', .is_bool = true },
	{ "pull", set_pull },
	{ "quiet", set_switch, .letter = 'q', .is_bool = true },
	{ "read-only", set_bool, "ReadonlyRootfs", HOST, .is_bool = true },
	{ "restart", set_restart, "RestartPolicy", HOST },
	{ "rm", set_switch, "AutoRemove", HOST, .is_bool = true },
	{ "runtime", set_text, "Runtime", HOST },
	{ "security-opt", set_security, "SecurityOpt", HOST },
	{ "shm-size", set_size, "ShmSize", HOST },
	{ "sig-proxy", set_switch, .is_bool = true, .run_only = true },
	{ "stop-signal", set_text, "StopSignal" },
	{ "stop-timeout", set_int, "StopTimeout" },
	{ "storage-opt", set_storage_opt, "StorageOpt", HOST },
	{ "sysctl", set_sysctl, "Sysctls", HOST },
	{ "tmpfs", set_tmpfs, "Tmpfs", HOST },
	{ "tty", set_switch, "Tty", CONFIG, .letter = 't', .is_bool = true },
	{ "ulimit", set_ulimit, "Ulimits", HOST },
	{ "user", set_text, "User", CONFIG, .letter = 'u' },
	{ "userns", set_namespace, "UsernsMode", HOST },
	{ "uts", set_namespace, "UTSMode", HOST },
	{ "volume", set_volume, .letter = 'v' },
	{ "volume-driver", set_text, "VolumeDriver", HOST },
	{ "volumes-from", set_list, "VolumesFrom", HOST },
	{ "workdir", set_text, "WorkingDir", CONFIG, .letter = 'w' },
};

const struct create_flag *create_flag_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	}
	return NULL;
}

const struct create_flag *create_flag_by_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].letter && flags[i].letter == letter)
			return &flags[i];
	}
	return NULL;
}

bool dockeropts_knows(const char *name)
{
	return create_flag_by_name(name, strlen(name)) != NULL;
}
