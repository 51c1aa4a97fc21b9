package runtime

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// pool holds the instances of one function. The one that has been idle longest
// is next, which makes N warm instances a round robin.
type pool struct {
	start func(context.Context) (*instance, error)
	limit int
	fixed bool // keep exactly limit instances warm

	mu      sync.Mutex
	all     []*instance
	idle    []*instance
	rising  int           // instances being started
	changed chan struct{} // closed when somebody may be lucky now
	closed  bool
	starts  sync.WaitGroup // instances being started, and watched
}

var errClosed = errors.New("the local stack is stopping")

func newPool(start func(context.Context) (*instance, error), limit int, fixed bool) *pool {
	return &pool{start: start, limit: limit, fixed: fixed, changed: make(chan struct{})}
}

// warm starts what should run before the first request and freezes it.
func (p *pool) warm(ctx context.Context) error {
	count := 1
	if p.fixed {
		count = p.limit
	}
	failures := make(chan error, count)
	for range count {
		go func() { failures <- p.addIdle(ctx) }()
	}
	var err error
	for range count {
		err = errors.Join(err, <-failures)
	}
	return err
}

func (p *pool) addIdle(ctx context.Context) error {
	if !p.reserve() {
		return nil
	}
	started, err := p.add(ctx)
	if err != nil {
		return err
	}
	started.freeze()
	p.give(started)
	return nil
}

// take returns an instance that nobody else has: an idle one, a new one, or,
// at the limit, the next that is given back.
func (p *pool) take(ctx context.Context) (*instance, error) {
	for {
		found, wait, err := p.tryTake()
		if found != nil || err != nil {
			return found, err
		}
		if wait == nil {
			return p.add(ctx)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryTake gives an idle instance, or a channel to wait on, or neither: then a
// place is reserved for a new one.
func (p *pool) tryTake() (*instance, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errClosed
	}
	if len(p.idle) > 0 {
		first := p.idle[0]
		p.idle = p.idle[1:]
		return first, nil, nil
	}
	if p.reserveLocked() {
		return nil, nil, nil
	}
	return nil, p.changed, nil
}

func (p *pool) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reserveLocked()
}

func (p *pool) reserveLocked() bool {
	if p.closed || len(p.all)+p.rising >= p.limit {
		return false
	}
	p.rising++
	p.starts.Add(1)
	return true
}

// add starts an instance in a reserved place. It is busy: the caller has it.
func (p *pool) add(ctx context.Context) (*instance, error) {
	// A caller that goes away does not stop a start: the next one wants it.
	ctx = context.WithoutCancel(ctx)
	started, err := p.start(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rising--
	if err != nil {
		p.starts.Done()
		p.wake()
		return nil, err
	}
	p.all = append(p.all, started)
	go p.watch(ctx, started)
	if p.closed {
		started.stop()
		return nil, errClosed
	}
	return started, nil
}

// watch forgets an instance when its process ends, whoever ended it.
func (p *pool) watch(ctx context.Context, watched *instance) {
	defer p.starts.Done()
	<-watched.exited
	watched.closeListener()
	if p.forget(watched) && p.fixed {
		// A start that fails is not repeated here: the next request tries, and
		// tells its caller why.
		_ = p.addIdle(ctx)
	}
}

// forget reports whether the pool goes on.
func (p *pool) forget(gone *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := func(i *instance) bool { return i == gone }
	p.all = slices.DeleteFunc(p.all, same)
	p.idle = slices.DeleteFunc(p.idle, same)
	p.wake()
	return !p.closed
}

func (p *pool) give(back *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.all, back) { // else it died on the way
		p.idle = append(p.idle, back)
		p.wake()
	}
}

func (p *pool) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// renew puts new instances in the place of all that there are, and returns when they
// are warm. Nobody may have one.
func (p *pool) renew(ctx context.Context) error {
	p.mu.Lock()
	old := slices.Clone(p.all)
	for _, i := range old {
		i.stop()
	}
	p.mu.Unlock()
	if p.fixed { // whose places are filled as they are left
		return p.await(ctx, func() bool { return len(p.idle) == p.limit && !overlap(p.idle, old) })
	}
	if err := p.await(ctx, func() bool { return !overlap(p.all, old) }); err != nil {
		return err
	}
	return p.warm(ctx)
}

func overlap(all, some []*instance) bool {
	return slices.ContainsFunc(all, func(i *instance) bool { return slices.Contains(some, i) })
}

// await returns when done says so, which is asked after each change.
func (p *pool) await(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		ready, wait := done(), p.changed
		p.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *pool) list() []InstanceInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []InstanceInfo{}
	for _, i := range p.all {
		list = append(list, InstanceInfo{ID: i.id, PID: i.process.Pid})
	}
	return list
}

// close ends all instances and returns when their processes are gone.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, i := range p.all {
		i.stop()
	}
	p.wake()
	p.mu.Unlock()
	p.starts.Wait()
}
