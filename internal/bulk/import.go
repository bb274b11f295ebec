package bulk

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/fair"
	"github.com/grantway/grantway/internal/httpapi/problem"
	"github.com/grantway/grantway/internal/sharing"
)

const jsonLines = "application/jsonl"

// mediaTypes tell the format of a body that is one file.
var mediaTypes = map[string]Format{"text/csv": CSV, jsonLines: JSONL, "application/x-ndjson": JSONL}

// Import answers POST /v1/imports: files in, progress and a summary out. Nothing is answered before everything is received.
func (b *Bulk) Import(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	rows, opts, err := b.receive(r, actor)
	if err != nil {
		b.problems.Write(w, actor.RequestID, err)
		return
	}
	defer b.unstage(rows)
	out := newStream(w, b.problems)
	run := &run{Bulk: b, actor: actor, opts: opts, rows: rows, observer: out}
	sum, err := run.finish(rows.ctx)
	err = cause(rows.ctx, err)
	if err != nil && problem.Status(access.KindOf(err)) >= http.StatusInternalServerError && r.Context().Err() == nil {
		b.log.Error("an import failed", "request_id", actor.RequestID, "error", err)
	}
	out.close(sum, err, actor.RequestID)
}

func (b *Bulk) unstage(rows *staging) {
	if err := rows.close(); err != nil {
		b.log.Error("the staging of an import cannot be removed", "error", err)
	}
}

// receive stages all that a call sends.
func (b *Bulk) receive(r *http.Request, actor access.Actor) (*staging, Options, error) {
	q, err := parameters(r.URL.Query(), "format", "dry_run", "skip_invalid", "name")
	if err != nil {
		return nil, Options{}, err
	}
	opts := Options{}
	for name, to := range map[string]*bool{"dry_run": &opts.DryRun, "skip_invalid": &opts.SkipInvalid} {
		if v := q.Get(name); v != "" {
			if *to, err = strconv.ParseBool(v); err != nil {
				return nil, opts, access.Invalidf("", "%s must be true or false", name)
			}
		}
	}
	if err := b.sharing.MayImport(r.Context(), actor); err != nil {
		return nil, opts, err
	}
	ctx, lease := b.quota.lease(r.Context(), actor)
	rows, err := stage(ctx, b.dir, lease)
	if err != nil {
		return nil, opts, err
	}
	in := &intake{sharing: b.sharing, rows: rows, actor: actor, ctx: ctx, format: Format(q.Get("format"))}
	if err := in.body(r, q.Get("name")); err != nil {
		err = cause(ctx, err)
		b.unstage(rows)
		return nil, opts, err
	}
	return rows, opts, nil
}

// cause is why a transfer was ended for others' sake, if it was, instead of the error that this led to.
func cause(ctx context.Context, err error) error {
	var refusal *access.Error
	if err != nil && errors.As(context.Cause(ctx), &refusal) {
		return refusal
	}
	return err
}

// parameters refuses a query that names others, or one of these twice.
func parameters(q url.Values, known ...string) (url.Values, error) {
	for name, values := range q {
		if !slices.Contains(known, name) || len(values) > 1 {
			return nil, access.Invalidf("", "unknown or repeated query parameter %q; known are %v", name, known)
		}
	}
	return q, nil
}

// intake puts the files of one call into a staging.
type intake struct {
	sharing *sharing.Service
	rows    *staging
	actor   access.Actor
	ctx     context.Context //nolint:containedctx // the call's: an intake lasts as long as one import
	format  Format          // of all files, or ""
}

// body takes the files of a form, or one file that is the whole body.
func (in *intake) body(r *http.Request, name string) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "multipart/form-data" {
		form, err := r.MultipartReader()
		if err != nil {
			return access.Invalidf("", "cannot read the form: %s", err)
		}
		return in.form(form)
	}
	if name == "" {
		name = "body"
		if in.format == "" {
			in.format = mediaTypes[media]
		}
	}
	return in.file(name, r.Body)
}

func (in *intake) form(form *multipart.Reader) error {
	for files := 0; ; files++ {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && files == 0:
			return access.Invalidf("", "the form has no file")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable(in.ctx, err)
		}
		// The name may have directories in it, which tell apart files of the same name; nothing is ever opened by it.
		_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil || params["filename"] == "" {
			return access.Invalidf("", "a part of the form has no filename: each part must be a file")
		}
		if err := in.file(params["filename"], part); err != nil {
			return err
		}
	}
}

// file stages one file.
func (in *intake) file(name string, r io.Reader) error {
	format := in.format
	if format == "" {
		var err error
		if format, err = FormatOf(name); err != nil {
			return err
		}
	}
	if !slices.Contains(Formats, format) {
		return access.Invalidf("", "unknown format %q: use one of %s", format, access.Listed(Formats))
	}
	if format == Relationships {
		if err := in.sharing.MayImportRelationships(in.ctx, in.actor); err != nil {
			return err
		}
	}
	file := in.rows.file(name, format)
	var own error // of the staging, not of the file
	body := &inTurn{Reader: r, ctx: in.ctx, holder: holderOf(in.actor), rest: func() {}}
	defer func() { body.rest() }()
	err := Read(body, format, func(l Line) error {
		if own = in.ctx.Err(); own == nil {
			own = in.rows.add(file, l)
		}
		return own
	})
	if own != nil && in.ctx.Err() == nil {
		return own
	}
	return unreadable(in.ctx, err)
}

// inTurn is a body that is read in turn with others, once it is long: between its parts its reader computes.
type inTurn struct {
	io.Reader
	ctx    context.Context //nolint:containedctx // the call's: a body lasts as long as it
	holder string
	length int
	rest   func() // gives the turn back
}

func (b *inTurn) Read(p []byte) (int, error) {
	b.rest()
	n, err := b.Reader.Read(p)
	b.length += n
	rest, failed := fair.Compute(b.ctx, b.holder, b.length)
	if failed != nil {
		return n, failed
	}
	b.rest = rest
	return n, err
}

// unreadable says that the rest of a body did not come.
func unreadable(ctx context.Context, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return access.Unavailable(err)
	case errors.As(err, &tooLarge):
		return access.Refuse(access.KindTooLarge, "", "the body has more than %d bytes", tooLarge.Limit)
	}
	return access.Invalidf("", "the body ended early: %s", err)
}
