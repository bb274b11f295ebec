package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
)

//go:embed assets/*
var assetFiles embed.FS

// assets are the style sheet and the scripts. Their paths hold their digest, so that browsers keep them for good.
type assets struct {
	content map[string][]byte
	hash    map[string]string
}

func loadAssets() (*assets, error) {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	a := &assets{content: map[string][]byte{}, hash: map[string]string{}}
	for _, e := range entries {
		data, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		a.content[e.Name()], a.hash[e.Name()] = data, hex.EncodeToString(sum[:8])
	}
	return a, nil
}

// assetPath is where the asset lies. A name that is none is a defect of a template.
func (k *Console) assetPath(name string) string { return k.link("assets", k.assets.hash[name], name) }

// serveAsset answers with an asset to anybody.
func (k *Console) serveAsset(w http.ResponseWriter, r *http.Request) {
	k.secureHeaders(w.Header())
	name := r.PathValue("name")
	data, ok := k.assets.content[name]
	if !ok || r.PathValue("hash") != k.assets.hash[name] {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(data)
}
