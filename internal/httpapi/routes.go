package httpapi

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

// routes is the route table: every route, and what it demands of its callers.
func (a *api) routes() []route {
	const get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		{get, "/v1/users", "listUsers", readers, "List users", does(a.listUsers)},
		{get, "/v1/users/{user}", "getUser", readers, "Read a user", does(a.getUser)},
		{put, "/v1/users/{user}", "putUser", changers, "Create or change a user", does(a.putUser)},
		{del, "/v1/users/{user}", "deleteUser", changers, "Offboard a user", does(a.deleteUser)},
		{get, "/v1/users/{user}/access", "userAccess", readers, "Review what a user has", does(a.userAccess)},

		{put, "/v1/platform/roles/{role}/{user}", "putPlatformRole", changers, "Give a platform role", does(a.putPlatformRole)},
		{del, "/v1/platform/roles/{role}/{user}", "deletePlatformRole", changers, "Take a platform role away", does(a.deletePlatformRole)},

		{get, "/v1/organizations", "listOrganizations", readers, "List organizations", does(a.listOrganizations)},
		{get, "/v1/organizations/{org}", "getOrganization", readers, "Read an organization", does(a.getOrganization)},
		{put, "/v1/organizations/{org}", "putOrganization", changers, "Create or change an organization", does(a.putOrganization)},
		{del, "/v1/organizations/{org}", "deleteOrganization", changers, "Delete an organization", does(a.deleteOrganization)},
		{get, "/v1/organizations/{org}/members", "listMembers", readers, "List the people of an organization", does(a.listMembers)},
		{put, "/v1/organizations/{org}/members/{user}", "putMember", changers, "Give a role in an organization", doesOrAsks(a.putMember)},
		{del, "/v1/organizations/{org}/members/{user}", "deleteMember", changers, "End a role in an organization", does(a.deleteMember)},

		{get, "/v1/organizations/{org}/invitations", "listInvitations", readers, "List the invitations to an organization", does(a.listInvitations)},
		{post, "/v1/organizations/{org}/invitations", "createInvitation", changers, "Invite somebody to an organization", makes(a.createInvitation)},
		{get, "/v1/invitations/{invitation}", "getInvitation", readers, "Read an invitation", does(a.getInvitation)},
		{del, "/v1/invitations/{invitation}", "deleteInvitation", changers, "Revoke an invitation", does(a.deleteInvitation)},
		{post, "/v1/invitations/{invitation}/resend", "resendInvitation", changers, "Send an invitation again", does(a.resendInvitation)},
		{post, "/v1/invitations/accept", "acceptInvitation", people, "Accept an invitation", does(a.acceptInvitation)},

		{get, "/v1/teams", "listTeams", readers, "List teams", does(a.listTeams)},
		{get, "/v1/teams/{team}", "getTeam", readers, "Read a team", does(a.getTeam)},
		{put, "/v1/teams/{team}", "putTeam", changers, "Create or change a team", does(a.putTeam)},
		{del, "/v1/teams/{team}", "deleteTeam", changers, "Delete a team", does(a.deleteTeam)},
		{get, "/v1/teams/{team}/members", "listTeamMembers", readers, "List the people of a team", does(a.listTeamMembers)},
		{put, "/v1/teams/{team}/members/{user}", "putTeamMember", changers, "Put somebody into a team", does(a.putTeamMember)},
		{del, "/v1/teams/{team}/members/{user}", "deleteTeamMember", changers, "Take somebody out of a team", does(a.deleteTeamMember)},
		{get, "/v1/teams/{team}/teams", "listNestings", readers, "List the teams in a team", does(a.listNestings)},
		{put, "/v1/teams/{team}/teams/{inner}", "putNesting", changers, "Put a team into a team", does(a.putNesting)},
		{del, "/v1/teams/{team}/teams/{inner}", "deleteNesting", changers, "Take a team out of a team", does(a.deleteNesting)},

		{get, "/v1/roles", "listRoles", readers, "List roles", does(a.listRoles)},
		{get, "/v1/roles/{role}", "getRole", readers, "Read a role", does(a.getRole)},
		{put, "/v1/roles/{role}", "putRole", changers, "Create or change a role", does(a.putRole)},
		{del, "/v1/roles/{role}", "deleteRole", changers, "Delete a role", does(a.deleteRole)},
		{get, "/v1/roles/{role}/assignees", "listAssignees", readers, "List who has a role", does(a.listAssignees)},
		{put, "/v1/roles/{role}/assignees/{user}", "putAssignee", changers, "Assign a role", does(a.putAssignee)},
		{del, "/v1/roles/{role}/assignees/{user}", "deleteAssignee", changers, "Take a role away", does(a.deleteAssignee)},

		{get, "/v1/groups", "listGroups", readers, "List groups", does(a.listGroups)},
		{get, "/v1/groups/{group}", "getGroup", readers, "Read a group", does(a.getGroup)},
		{put, "/v1/groups/{group}", "putGroup", changers, "Create or change a group", does(a.putGroup)},
		{del, "/v1/groups/{group}", "deleteGroup", changers, "Delete a group", does(a.deleteGroup)},
		{get, "/v1/groups/{group}/members", "listGroupMembers", readers, "List who is in a group", does(a.listGroupMembers)},
		{put, "/v1/groups/{group}/members/{principal}", "putGroupMember", changers, "Put a user or an address into a group", does(a.putGroupMember)},
		{del, "/v1/groups/{group}/members/{principal}", "deleteGroupMember", changers, "Take a user or an address out of a group", does(a.deleteGroupMember)},

		{get, "/v1/chatbots", "listChatbots", readers, "List chatbots", does(a.listChatbots)},
		{get, "/v1/chatbots/{chatbot}", "getChatbot", readers, "Read a chatbot", does(a.getChatbot)},
		{put, "/v1/chatbots/{chatbot}", "putChatbot", changers, "Create or change a chatbot", does(a.putChatbot)},
		{del, "/v1/chatbots/{chatbot}", "deleteChatbot", changers, "Delete a chatbot", does(a.deleteChatbot)},
		{post, "/v1/chatbots/{chatbot}/transfer", "transferChatbot", changers, "Transfer a chatbot to another owner", does(a.transferChatbot)},
		{get, "/v1/chatbots/{chatbot}/shares", "listShares", readers, "List the shares of a chatbot", does(a.listShares)},
		{put, "/v1/chatbots/{chatbot}/shares/{principal}", "putShare", changers, "Share a chatbot, change a share, or request one", doesOrAsks(a.putShare)},
		{del, "/v1/chatbots/{chatbot}/shares/{principal}", "deleteShare", changers, "End a share", does(a.deleteShare)},
		{get, "/v1/chatbots/{chatbot}/public-access", "getPublicAccess", readers, "Read the public link of a chatbot", does(a.getPublicAccess)},
		{put, "/v1/chatbots/{chatbot}/public-access", "putPublicAccess", changers, "Set whom the public link of a chatbot admits", does(a.putPublicAccess)},
		{post, "/v1/chatbots/{chatbot}/public-access/rotate", "rotateLink", changers, "Replace the public link of a chatbot", does(a.rotateLink)},
		{get, "/v1/chatbots/{chatbot}/api-keys", "listAPIKeys", keyMakers, "List the API keys of a chatbot", does(a.listAPIKeys)},
		{post, "/v1/chatbots/{chatbot}/api-keys", "createAPIKey", keyMakers, "Make an API key of a chatbot", makes(a.createAPIKey)},
		{del, "/v1/chatbots/{chatbot}/api-keys/{key}", "deleteAPIKey", keyMakers, "Delete an API key of a chatbot", does(a.deleteAPIKey)},
		{get, "/v1/chatbots/{chatbot}/permissions", "listPermissions", readers, "Read the permission matrix", does(a.listPermissions)},
		{put, "/v1/chatbots/{chatbot}/permissions/{user}", "putPermission", changers, "Set a row of the matrix", does(a.putPermission)},
		{del, "/v1/chatbots/{chatbot}/permissions/{user}", "deletePermission", changers, "Remove a row of the matrix", does(a.deletePermission)},
		{get, "/v1/chatbots/{chatbot}/access", "chatbotAccess", readers, "Review who has what on a chatbot", does(a.chatbotAccess)},

		{get, "/v1/chatbots/{chatbot}/policy", "getPolicy", readers, "Read the gates of a chatbot", does(a.getPolicy)},
		{put, "/v1/chatbots/{chatbot}/policy", "putPolicy", changers, "Set and unset gates of a chatbot", does(a.putPolicy)},
		{get, "/v1/chatbots/{chatbot}/features", "listFeatures", readers, "List the features of a chatbot", does(a.listFeatures)},
		{get, "/v1/chatbots/{chatbot}/features/{feature}", "getFeature", readers, "Read a feature", does(a.getFeature)},
		{put, "/v1/chatbots/{chatbot}/features/{feature}", "putFeature", changers, "Set a feature", does(a.putFeature)},
		{del, "/v1/chatbots/{chatbot}/features/{feature}", "deleteFeature", changers, "Unset a feature", does(a.deleteFeature)},

		{get, "/v1/chatbots/{chatbot}/documents", "listDocuments", readers, "List the documents of a chatbot", does(a.listResources(access.TypeDocument))},
		{get, "/v1/documents/{id}", "getDocument", readers, "Read a document", does(a.getResource(access.TypeDocument))},
		{put, "/v1/documents/{id}", "putDocument", changers, "Create or change a document", does(a.putResource(access.TypeDocument))},
		{del, "/v1/documents/{id}", "deleteDocument", changers, "Delete a document", does(a.deleteResource(access.TypeDocument))},

		{get, "/v1/chatbots/{chatbot}/mcp-servers", "listMCPServers", readers, "List the MCP servers of a chatbot", does(a.listResources(access.TypeMCPServer))},
		{get, "/v1/mcp-servers/{id}", "getMCPServer", readers, "Read an MCP server", does(a.getResource(access.TypeMCPServer))},
		{put, "/v1/mcp-servers/{id}", "putMCPServer", changers, "Create or change an MCP server", does(a.putResource(access.TypeMCPServer))},
		{del, "/v1/mcp-servers/{id}", "deleteMCPServer", changers, "Delete an MCP server", does(a.deleteResource(access.TypeMCPServer))},

		{get, "/v1/chatbots/{chatbot}/metrics", "listMetrics", readers, "List the metrics of a chatbot", does(a.listResources(access.TypeMetric))},
		{get, "/v1/metrics/{id}", "getMetric", readers, "Read a metric", does(a.getResource(access.TypeMetric))},
		{put, "/v1/metrics/{id}", "putMetric", changers, "Create or change a metric", does(a.putResource(access.TypeMetric))},
		{del, "/v1/metrics/{id}", "deleteMetric", changers, "Delete a metric", does(a.deleteResource(access.TypeMetric))},

		{get, "/v1/requests", "listRequests", readers, "List requests to share", does(a.listRequests)},
		{get, "/v1/requests/{request}", "getRequest", readers, "Read a request", does(a.getRequest)},
		{post, "/v1/requests/{request}/approve", "approveRequest", changers, "Approve a request", does(a.approveRequest)},
		{post, "/v1/requests/{request}/deny", "denyRequest", changers, "Deny a request", does(a.denyRequest)},
		{post, "/v1/requests/{request}/cancel", "cancelRequest", changers, "Cancel a request", does(a.cancelRequest)},

		{get, "/v1/notifications", "listNotifications", people, "List what the acting user was told", does(a.listNotifications)},
		{post, "/v1/notifications/{notification}/read", "readNotification", people, "Mark a notification as read", does(a.readNotification)},

		{get, "/v1/keys", "listKeys", keyMakers, "List account keys", does(a.listKeys)},
		{post, "/v1/keys", "createKey", keyMakers, "Make an account key", makes(a.createKey)},
		{del, "/v1/keys/{key}", "deleteKey", keyMakers, "Delete an account key", does(a.deleteKey)},
		{post, "/v1/keys/{key}/take-over", "takeOverKey", keyMakers, "Take over an account key", does(a.takeOverKey)},

		{get, "/v1/audit", "listAudit", readers, "Search the record", does(a.listAudit)},
		{get, "/v1/audit/export", "exportAudit", readers, "Export the record", &auditExport{api: a}},

		{post, "/v1/imports", "import", changers, "Import", &handled{handler: a.Imports, describe: describeImport}},
		{get, "/v1/export", "export", exporters, "Export everything", &handled{handler: a.Export, describe: describeExport}},
		{get, "/v1/backup", "backup", exporters, "Back up the store", &handled{handler: a.Backup, describe: describeBackup}},

		{get, "/v1/doctor/{id}", "examine", askers, "Tell what arrived", &handled{handler: a.examine, describe: a.describeExamine}},
		{post, "/v1/doctor/{id}", "examineBody", askers, "Tell what arrived of a body", &handled{handler: a.examine, describe: a.describeExamine}},

		{post, "/access/v1/evaluation", "evaluate", askers, "Decide", a.authZEN(evaluation)},
		{post, "/access/v1/evaluations", "evaluateAll", askers, "Decide several", a.authZEN(evaluations)},
		{post, "/access/v1/search/subject", "searchSubjects", askers, "Find who may", a.authZEN(subjectSearch)},
		{post, "/access/v1/search/resource", "searchResources", askers, "Find on what one may", a.authZEN(resourceSearch)},
		{post, "/access/v1/search/action", "searchActions", askers, "Find what one may", a.authZEN(actionSearch)},
		{post, "/v1/explain", "explain", askers, "Explain a decision", a.authZEN(explanation)},
		{get, metadataPath + a.PublicPath, "authzenMetadata", anybody, "Where the decisions are", a.authZEN(metadata)},

		{get, "/healthz", "healthz", operators, "Whether the server is alive", &page{a.healthz, "application/json"}},
		{get, "/readyz", "readyz", operators, "Whether engine and store answer", &page{a.readyz, "application/json"}},
		{get, "/metrics", "metrics", operators, "Figures for Prometheus", &page{a.metricsPage, "text/plain"}},
		{get, "/openapi.json", "openapi", anybody, "This description", &page{a.openAPIPage, "application/json"}},
		{get, "/docs", "docs", anybody, "This description, readable", &page{a.docs(), ""}},
		{get, ModelPath, "model", anybody, "The access model", &page{modelPage(), ""}},
		{get, "/docs/{file}", "docsFile", anybody, "What the reference loads", &page{a.docs(), ""}},
	}
}
