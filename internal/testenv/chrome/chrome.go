// Package chrome drives a real browser, Debian's Chromium, for tests of the console.
//
// scripts/browser installs it. Where it is missing its tests are skipped, unless GRANTWAY_TEST_BROWSER is set, as scripts/test does.
package chrome

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Variable makes a missing browser a failure.
const Variable = "GRANTWAY_TEST_BROWSER"

// within is how long one action may take: the machine may be busy.
const within = time.Minute

// Browser is a running browser.
type Browser struct{ ctx context.Context } //nolint:containedctx // chromedp keeps the browser in it

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv(Variable) != "" {
			t.Fatal("there is no chromium: run scripts/browser")
		}
		t.Skip("this needs chromium: run scripts/browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(within),
	)
	all, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, closed := chromedp.NewContext(all)
	t.Cleanup(closed)
	require.NoError(t, chromedp.Do(ctx))
	return &Browser{ctx}
}

// Tab is one tab, with cookies that it shares with no other.
type Tab struct {
	testing.TB
	base string
	ctx  context.Context //nolint:containedctx // chromedp keeps the tab in it

	mu     sync.Mutex
	faults []string
}

// Open opens a tab for the server at the URL. Every violation of a page's policy, every error of its scripts and every error in its console fails the test.
func (b *Browser) Open(t testing.TB, url string) *Tab {
	t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	tab := &Tab{TB: t, base: url, ctx: ctx}
	require.NoError(t, chromedp.Do(ctx)) // without a limit: it opens the tab
	require.NoError(t, chromedp.Listen(ctx, tab.hears))
	call(tab, log.Enable, cdp.Empty{})
	call(tab, runtime.Enable, cdp.Empty{})
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		require.Empty(t, tab.faults)
	})
	return tab
}

// hears notes what is wrong with a page. That a page answers with the status of a refusal is no fault.
func (t *Tab) hears(event any) {
	var fault string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		refusal := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "responded with a status of 4")
		if e.Entry.Level == log.EntryLevelError && !refusal {
			fault = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		fault = fmt.Sprintf("a script failed: %s in %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL)
	}
	if fault != "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.faults = append(t.faults, fault)
	}
}

// run does the action within a minute.
func run[T any](t *Tab, a chromedp.Action[T], about string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, within)
	defer cancel()
	result, err := chromedp.Run(ctx, a)
	require.NoError(t, err, about)
	return result
}

func call[P, R any](t *Tab, c cdp.Command[P, R], params P) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, within)
	defer cancel()
	_, err := chromedp.Call(ctx, c, params)
	require.NoError(t, err)
}

// Goes opens the page at the path.
func (t *Tab) Goes(path string) {
	t.Helper()
	run(t, chromedp.Navigate(t.base+path), path)
}

// Clicks clicks what the CSS selector finds, and waits for the page that follows.
func (t *Tab) Clicks(selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, within)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	require.NoError(t, err, selector)
}

// Ticks clicks a box, after which no page follows.
func (t *Tab) Ticks(selector string) {
	t.Helper()
	run(t, chromedp.Click(chromedp.CSS(selector)), selector)
}

// Types puts the text into the field that the selector finds, in place of what is there.
func (t *Tab) Types(selector, text string) {
	t.Helper()
	run(t, chromedp.Clear(chromedp.CSS(selector)), selector)
	run(t, chromedp.SendKeys(chromedp.CSS(selector), text), selector)
}

// Chooses chooses the value in the list that the selector finds.
func (t *Tab) Chooses(selector, value string) {
	t.Helper()
	run(t, chromedp.SetValue(chromedp.CSS(selector), value), selector)
}

// Reads gives the text of what the selector finds.
func (t *Tab) Reads(selector string) string {
	t.Helper()
	return run(t, chromedp.Text(chromedp.CSS(selector)), selector)
}

// Eval evaluates the script, waits for a promise, and gives the value.
func Eval[T any](t *Tab, script string) T {
	t.Helper()
	return run(t, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise), "a script")
}

// Loads runs a script that is no part of the page, for what it defines.
func (t *Tab) Loads(script string) {
	t.Helper()
	Eval[bool](t, script+"\n;true")
}

// Looks changes how the pages are shown: how wide, and light or dark.
func (t *Tab) Looks(width int64, scheme string) {
	t.Helper()
	call(t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	call(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// WithoutScripts keeps the pages' scripts from running.
func (t *Tab) WithoutScripts() {
	t.Helper()
	call(t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Saves writes a picture of the whole page.
func (t *Tab) Saves(file string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, run(t, chromedp.FullScreenshot(100), file), 0o600))
}
