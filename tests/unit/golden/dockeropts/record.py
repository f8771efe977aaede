#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what a docker client sends for each case, as golden files for test-dockeropts.

usage: record.py CLIENT API     for example: record.py /usr/bin/docker 1.41

A socket that answers /_ping and /containers/create stands in for the engine, so the files hold the
client's own requests and need no engine. Each file is named after the client and the API version.
The request without flags is kept whole; of the others, the members that differ from it.
"""
import http.server
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header('Api-Version', self.server.api)
        self.send_header('Ostype', 'linux')
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def do_HEAD(self):
        self.answer(200, {})

    do_GET = do_HEAD

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path.endswith('/containers/create'):
            query = dict(urllib.parse.parse_qsl(url.query))
            self.server.seen.append((query, json.loads(body)))
        self.answer(201, {'Id': '0' * 64, 'Warnings': []})

    def address_string(self):
        return 'client'

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def case(name, *argv, env=None, since=20):
    """One command line. SINCE: clients before that major version send something less exact."""
    return {'name': name, 'argv': list(argv), 'env': env or {}, 'since': since}


CASES = [
    case('none'),
    case('strings', '--hostname', 'h1', '--domainname=example.org', '-u', '1000:1000', '-w/srv',
         '--stop-signal=SIGINT', '--entrypoint', '/bin/sh', '--cgroup-parent', '/moorage',
         '--runtime=runc', '--volume-driver', 'local', '--isolation=default', '--cpuset-cpus',
         '0-1', '--cpuset-mems=0'),
    case('last-wins', '--hostname', 'a', '--hostname', 'b', '-m', '1g', '-m', '512m', '--init',
         '--init=false', '--restart', 'always', '--restart=no', '--user=x', '--user='),
    case('entrypoint-reset', '--entrypoint='),
    case('bools', '-it', '--init', '--read-only', '--privileged', '-P', '--oom-kill-disable',
         '--rm'),
    case('bools-false', '--init=false', '--tty=0', '-i=F', '--rm=false', '--read-only=f'),
    case('interactive', '-i'),
    case('attach', '-a', 'STDIN', '-a', 'stdout'),
    case('attach-interactive', '-i', '-a', 'stderr'),
    case('short-forms', '-eA=1', '-e', 'B=2', '-e=C=3', '-itl', 'x=y', '-h=host', '-p80',
         '-v/data'),
    case('env', '-e', 'A=1', '--env', 'B=', '-e', 'C', '--env=D', '-e', 'E=a=b c',
         env={'C': 'from caller'}),
    case('env-file', '--env-file', 'files/env.list', '-e', 'LAST=1', env={'PASSED': 'p'}),
    case('label', '-l', 'a=1', '--label', 'b', '--label=c=', '--label', 'd=x=y', '--label', 'a=2',
         '--label-file', 'files/labels.list'),
    case('memory', '--memory', '512m', '--memory-swap', '-1', '--memory-reservation', '1.5g',
         '--memory-swappiness', '60', '--shm-size', '64mb', '--kernel-memory', '50m'),
    case('sizes', '-m', '1024', '--memory-swap=2GiB', '--memory-reservation', '0.5 kb',
         '--shm-size', '10B'),
    case('cpu', '--cpus', '1.5', '-c', '512', '--cpu-period=100000', '--cpu-quota', '50000',
         '--cpu-rt-period', '1000', '--cpu-rt-runtime', '0x3b6'),
    case('cpus-small', '--cpus=.25', '--pids-limit', '-1', '--oom-score-adj=-500'),
    case('pids', '--pids-limit=200', '--blkio-weight=300', '--blkio-weight-device',
         '/dev/sda:200'),
    case('throttle', '--device-read-bps', '/dev/sda:1mb', '--device-write-bps=/dev/sda:2k',
         '--device-read-iops', '/dev/sda:100', '--device-write-iops', '/dev/sdb:200',
         '--device-read-bps', '/dev/sdb:5'),
    case('device', '--device', '/dev/null', '--device=/dev/fuse:rw', '--device',
         '/dev/zero:/dev/nul', '--device', '/dev/full:/dev/f:r', '--device-cgroup-rule',
         'c 1:3 mr'),
    case('device-cdi', '--device', 'vendor.com/class=dev0', '--device', '/dev/null', since=25),
    case('gpus-cdi', '--device=vendor.com/class=d0', '--gpus', 'all', '--device',
         'vendor.com/class=d1', since=25),
    case('gpus-all', '--gpus', 'all'),
    case('gpus-keys', '--gpus', '"device=0,2",capabilities=utility,"options=a=b"'),
    case('gpus-count', '--gpus', '2', '--gpus', 'driver=nvidia,count=1'),
    case('ulimit', '--ulimit', 'nofile=1024:2048', '--ulimit', 'core=0', '--ulimit', 'nofile=100',
         '--ulimit=nproc=-1'),
    case('caps', '--cap-add', 'NET_ADMIN', '--cap-add=sys_time', '--cap-add', 'CAP_NET_ADMIN',
         '--cap-drop', 'all', since=23),
    case('security', '--security-opt', 'no-new-privileges', '--security-opt', 'label:disable',
         '--security-opt=apparmor=unconfined', '--security-opt', 'seccomp=unconfined'),
    case('seccomp-file', '--security-opt', 'seccomp=files/seccomp.json'),
    case('systempaths', '--security-opt', 'systempaths=unconfined'),
    case('namespaces', '--pid', 'host', '--ipc=shareable', '--uts', 'host', '--userns=host',
         '--cgroupns', 'private', '--group-add', 'audio', '--group-add', '20'),
    case('pid-container', '--pid=container:other', '--ipc', 'container:other'),
    case('sysctl', '--sysctl', 'net.core.somaxconn=1024', '--sysctl', 'kernel.shmmax=1',
         '--annotation', 'a=b', '--annotation=c'),
    case('restart-count', '--restart', 'on-failure:5'),
    case('restart-unless', '--restart=unless-stopped'),
    case('restart-empty', '--restart='),
    case('stop', '--stop-timeout', '0', '--stop-signal', '9'),
    case('health', '--health-cmd', 'curl -f http://localhost/ || exit 1',
         '--health-interval=1m30s', '--health-timeout', '500ms', '--health-retries=3',
         '--health-start-period', '2h', '--health-start-interval', '1.5s'),
    case('health-none', '--no-healthcheck'),
    case('health-zero', '--health-cmd=', '--health-interval=0'),
    case('log', '--log-driver', 'json-file', '--log-opt', 'max-size=10m', '--log-opt=max-file=3',
         '--log-opt', 'bare'),
    case('storage-opt', '--storage-opt', 'size=10G'),
    case('tmpfs', '--tmpfs', '/run', '--tmpfs', '/tmp:rw,size=64m'),
    case('volumes', '-v', '/srv/a:/a', '-v', 'named:/b:ro', '--volume=/anon', '-v',
         '/srv/c:/c:z,ro', '-v', 'named2:/d:nocopy', '-v', './rel:/e', '--volumes-from',
         'other:ro', '-v', '/srv/a:/a', since=23),
    case('mount-bind', '--mount',
         'type=bind,source=/srv,target=/data,readonly,bind-propagation=rslave'),
    case('mount-bind-rel', '--mount', 'type=bind,src=./x,dst=/x', since=23),
    case('mount-bind-rec', '--mount',
         'type=bind,src=/a,dst=/b,ro=true,bind-recursive=readonly,bind-propagation=rprivate',
         '--mount', 'type=bind,src=/a,dst=/c,ro,bind-recursive=writable', '--mount',
         'type=bind,src=/a,dst=/d,bind-recursive=disabled', '--mount',
         'type=bind,src=/a,dst=/e,bind-recursive=enabled'),
    case('mount-volume', '--mount',
         'src=v1,destination=/v,volume-nocopy,volume-label=a=b,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=1.2.3.4,rw",consistency=cached',
         '--mount', 'type=volume,dst=/anon,volume-subpath=a/b'),
    case('mount-tmpfs', '--mount', 'type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770', '--mount',
         'type=tmpfs,target=/u'),
    case('mount-image', '--mount', 'type=image,src=busybox,dst=/i,image-subpath=bin'),
    case('publish', '-p', '80', '-p', '8080:80', '-p', '127.0.0.1:8443:443', '-p',
         '127.0.0.1::53/udp', '--publish=[::1]:9000:9000/tcp', '-p', '[2001:db8::1]::1/sctp'),
    case('publish-ranges', '-p', '3000-3002:4000-4002', '-p', '5000-5005:6000/TCP', '--expose',
         '7000-7002/udp', '--expose=80'),
    case('publish-long', '-p', 'published=8080,target=80', '--publish',
         'target=53,published=5353,protocol=udp'),
    case('network', '--network', 'front'),
    case('network-host', '--net', 'host'),
    case('network-alias', '--network=front', '--network-alias', 'a', '--net-alias=b', '--ip',
         '172.30.1.2', '--ip6', '2001:db8::33', '--link-local-ip', '169.254.1.2', '--link',
         'db:database'),
    case('network-long', '--network',
         'name=front,alias=web,alias=www,ip=172.30.1.5,driver-opt=a=B'),
    case('network-long-mac', '--network',
         'name=front,alias=web,ip6=2001:DB8::5,mac-address=92:d0:c6:0a:29:33,gw-priority=100,link-local-ip=169.254.3.3'),
    case('network-two', '--network', 'name=front,alias=web', '--network', 'back'),
    case('network-container', '--network', 'container:other'),
    case('link-default', '--link', 'db'),
    case('link-alias-default-net', '--link', '/db:/web/alias'),
    case('mac', '--mac-address', '92:d0:c6:0a:29:33'),
    case('mac-network', '--mac-address', '92:d0:c6:0a:29:33', '--network', 'front'),
    case('ip-default', '--ip', '172.17.0.9', since=25),
    case('dns', '--dns', '1.1.1.1', '--dns=2001:DB8:0::1', '--dns-opt', 'ndots:1',
         '--dns-option=timeout:2', '--dns-search', 'example.org', '--dns-search', '.'),
    case('add-host', '--add-host', 'db:10.0.0.1', '--add-host=v6=[::1]', '--add-host',
         'gw:host-gateway', '--add-host', 'x:::2'),
    case('name-platform', '--name', 'web.1', '--platform', 'linux/amd64', '--pull', 'never', '-q'),
    case('dokku-deploy', '-v', '/var/lib/dokku/data/storage/app:/storage', '--env=PORT=5000',
         '--env=SECRET', '--label=com.dokku.app-name=app', '--label=dokku',
         '--restart=on-failure:10', '--memory=256m', '--memory-swap=512m', '--cpus=2',
         '--network=bridge', '--init', '--log-opt=max-size=10m', '--ulimit', 'nofile=12',
         '--name', 'app.web.1.upcoming-123', env={'SECRET': 'x y'}),
]


def record(client, case, sock, server, config):
    """The (query, body) of the request, or the client's complaint."""
    server.seen = []
    env = dict(case['env'], PATH=os.environ['PATH'], HOME=config, DOCKER_CONFIG=config,
               DOCKER_HOST='unix://' + sock)
    run = subprocess.run([client, 'container', 'create'] + case['argv'] + ['busybox', 'true'],
                         env=env, cwd=HERE, capture_output=True, text=True)
    if run.returncode != 0 or len(server.seen) != 1:
        return None, run.stderr.strip().splitlines()[:1]
    query, body = server.seen[0]
    return (query, json.loads(json.dumps(body).replace(HERE + '/', '@CWD@/'))), None


def changes(body, none):
    result = {k: v for k, v in body.items() if k != 'HostConfig' and none.get(k) != v}
    host = {k: v for k, v in body['HostConfig'].items() if none['HostConfig'].get(k) != v}
    gone = [k for k in none if k not in body]
    gone += [k for k in none['HostConfig'] if k not in body['HostConfig']]
    assert not gone, gone
    if host:
        result['HostConfig'] = host
    return result


def main():
    client, api = sys.argv[1:3]
    version = subprocess.run([client, '--version'], capture_output=True,
                             text=True).stdout.split()[2].rstrip(',').split('+')[0]
    records = {}
    with tempfile.TemporaryDirectory() as tmp:
        sock = os.path.join(tmp, 'sock')
        server = Server(sock, Recorder)
        server.api = api
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for one in CASES:
            if int(version.split('.')[0]) < one['since']:
                continue
            result, why = record(client, one, sock, server, tmp)
            if not result:
                print('%s: not recorded: %s' % (one['name'], why))
                continue
            query, body = result
            if one['name'] != 'none':
                body = changes(body, records['none']['body'])
            records[one['name']] = {'argv': one['argv'], 'env': one['env'], 'query': query,
                                    'body': body}
        server.shutdown()
    with open(os.path.join(HERE, 'docker-%s-api-%s.json' % (version, api)), 'w') as f:
        json.dump({'client': version, 'api': api, 'cases': records}, f, indent=1)
        f.write('\n')


main()
