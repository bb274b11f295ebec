package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
)

// maxEventBytes bounds one line of an import's progress, which may quote a bad row.
const maxEventBytes = 4 << 20

// Source is one file of an import. Its name tells the format, unless the options do.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// ImportOptions say how the rows are taken.
type ImportOptions struct {
	Format      string // csv, jsonl or relationships; "" to tell each file by its name
	DryRun      bool   // check everything, write nothing
	SkipInvalid bool   // write the valid rows even if others are invalid
}

// Event is one line of an import's progress: how many rows of a phase are done, or one bad row.
type Event struct {
	Phase  string  `json:"phase"` // receive, check or write
	Rows   int64   `json:"rows"`
	Total  int64   `json:"total"` // 0 while it is not known
	Reject *Reject `json:"reject"`
}

// Reject is one bad row.
type Reject struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Rule   string `json:"rule,omitempty"`
	Row    string `json:"row"` // as it stands in the file
}

// Summary is how an import ended.
type Summary struct {
	Rows      int64            `json:"rows"`
	Written   int64            `json:"written"`
	Pending   int64            `json:"pending"` // waiting for somebody's consent: nothing has changed yet
	Unchanged int64            `json:"unchanged"`
	Expired   int64            `json:"expired"` // before they came, so that they change nothing
	Rejected  int64            `json:"rejected"`
	DryRun    bool             `json:"dry_run"`
	Refused   bool             `json:"refused"`         // nothing was written, because rows were rejected and not to be skipped
	Kinds     map[string]int64 `json:"kinds,omitempty"` // how many rows of each kind could be read
	ZedToken  string           `json:"zedtoken,omitempty"`
}

// Import sends the files in one call, so that they are checked together, and reports each event as it comes. sent gets the number of bytes that
// have been read so far.
func (c *Client) Import(ctx context.Context, sources []Source, o ImportOptions, sent func(int), each func(Event) error) (Summary, error) {
	body, input := io.Pipe()
	form := multipart.NewWriter(input)
	go func() { input.CloseWithError(writeForm(form, sources, sent)) }()
	defer body.Close() // ends the goroutine, also where the server answers before it has read everything
	// net/http does not give up a call whose body it is waiting for, such as a terminal at which nobody types.
	defer context.AfterFunc(ctx, func() { _ = body.CloseWithError(ctx.Err()) })()

	query := url.Values{}
	if o.Format != "" {
		query.Set("format", o.Format)
	}
	query.Set("dry_run", strconv.FormatBool(o.DryRun))
	query.Set("skip_invalid", strconv.FormatBool(o.SkipInvalid))
	resp, err := c.send(ctx, request{
		method: http.MethodPost, path: []string{"v1", "imports"}, query: query, body: body, contentType: form.FormDataContentType(),
	})
	if err != nil {
		return Summary{}, err
	}
	defer resp.Body.Close()
	return c.follow(ctx, resp.Body, each)
}

func writeForm(form *multipart.Writer, sources []Source, sent func(int)) error {
	for _, s := range sources {
		part, err := form.CreateFormFile("file", s.Name)
		if err != nil {
			return err
		}
		file, err := s.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(part, io.TeeReader(file, counter(sent)))
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return form.Close()
}

// counter is a writer that tells how many bytes it is given.
type counter func(int)

func (c counter) Write(p []byte) (int, error) {
	c(len(p))
	return len(p), nil
}

// follow reads the stream of events to the summary, or to the problem that ended it.
func (c *Client) follow(ctx context.Context, stream io.Reader, each func(Event) error) (Summary, error) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxEventBytes)
	for lines.Scan() {
		var line struct {
			Event
			Summary *Summary `json:"summary"`
			Error   *problem `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return Summary{}, fmt.Errorf("cannot read the answer of %s: %w", c.Server(), err)
		}
		switch {
		case line.Summary != nil:
			return *line.Summary, nil
		case line.Error != nil:
			return Summary{}, line.Error.asError()
		}
		if err := each(line.Event); err != nil {
			return Summary{}, err
		}
	}
	err := lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return Summary{}, &UnreachableError{Server: c.Server(), Cause: reason(ctx, err)}
}

// Export writes everything, in the format, to w. As CSV that is a zip archive with a file for each table, unless it names the one table.
func (c *Client) Export(ctx context.Context, format, table string, w io.Writer) error {
	query := url.Values{"format": {format}}
	if table != "" {
		query.Set("table", table)
	}
	return c.download(ctx, request{method: http.MethodGet, path: []string{"v1", "export"}, query: query}, w)
}

// ExportRecord writes the record of changes, as jsonl or csv, to w.
func (c *Client) ExportRecord(ctx context.Context, format string, w io.Writer) error {
	return c.download(ctx, request{method: http.MethodGet, path: []string{"v1", "audit", "export"}, query: url.Values{"format": {format}}}, w)
}

// Backup writes the file of the store of an embedded server, as it is at one moment, to w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	return c.download(ctx, request{method: http.MethodGet, path: []string{"v1", "backup"}}, w)
}

// download writes the body of an answer to w.
func (c *Client) download(ctx context.Context, r request, w io.Writer) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	from := &brokenOff{reader: resp.Body}
	_, err = io.Copy(w, from)
	if err != nil && from.failed {
		return &UnreachableError{Server: c.Server(), Cause: reason(ctx, err)}
	}
	return err
}

// brokenOff tells a failure of reading from one of writing.
type brokenOff struct {
	reader io.Reader
	failed bool
}

func (b *brokenOff) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	b.failed = err != nil && !errors.Is(err, io.EOF)
	return n, err
}
