package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dataFolder is the folder whose content survives: tables, keys, certificates,
// and the ports that were taken last time, so that addresses stay what they
// are in browsers, federation files and issued metadata.
type dataFolder struct {
	path  string
	lock  *os.File
	ports map[string]int
}

const (
	portsFile = "ports.json"
	lockFile  = "lock"
)

// openData makes the folder if need be and locks it. The lock is the kernel's:
// it goes with the process, however that ends.
func openData(path string) (*dataFolder, error) {
	if err := os.MkdirAll(filepath.Join(path, "logs"), 0o700); err != nil {
		return nil, complain("data folder "+path, cause(err), "give -data a folder that this user may write to")
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, complain("data folder "+path, cause(err), "give -data a folder that this user may write to")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(lock.Name())
		_ = lock.Close()
		return nil, complain("data folder "+path, fmt.Errorf("in use by another local stack (process %s)", strings.TrimSpace(string(owner))), "stop it, or give -data another folder")
	}
	d := &dataFolder{path: path, lock: lock, ports: map[string]int{}}
	return d, errors.Join(d.sign(), d.readPorts())
}

func (d *dataFolder) file(name string) string { return filepath.Join(d.path, name) }

// sign writes the process ID into the lock, for whoever finds it locked.
func (d *dataFolder) sign() error {
	if err := d.lock.Truncate(0); err != nil {
		return complain("data folder "+d.path, cause(err), "free some space, or give -data another folder")
	}
	if _, err := d.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return complain("data folder "+d.path, cause(err), "free some space, or give -data another folder")
	}
	return nil
}

func (d *dataFolder) readPorts() error {
	content, err := os.ReadFile(d.file(portsFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(content, &d.ports)
	}
	if err != nil {
		return complain("data folder "+d.path, fmt.Errorf("%s: %w", portsFile, cause(err)), "delete that file, or give -data another folder")
	}
	return nil
}

// listen opens address; for port 0 it takes the port of last time if it is
// still free.
func (d *dataFolder) listen(ctx context.Context, name, address string) (net.Listener, error) {
	host, port, _ := net.SplitHostPort(address)
	config := net.ListenConfig{}
	if last := d.ports[name]; port == "0" && last != 0 {
		if listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(last))); err == nil {
			return listener, nil
		}
	}
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, complain(fmt.Sprintf("address %s for %s", address, name), listenCause(err), "stop what uses it, or give another port (0 takes a free one)")
	}
	d.ports[name] = portOf(listener)
	return listener, d.writePorts()
}

func (d *dataFolder) writePorts() error {
	content, err := json.Marshal(d.ports)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.file(portsFile), content, 0o600); err != nil {
		return complain("data folder "+d.path, cause(err), "free some space, or give -data another folder")
	}
	return nil
}

func listenCause(err error) error {
	if system, ok := errors.AsType[*os.SyscallError](err); ok {
		return system.Err
	}
	return err
}

func portOf(listener net.Listener) int {
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

func (d *dataFolder) close() { _ = d.lock.Close() }
